"""Hops 0 and 1: the shop's events into Kafka (`producer`), and from Kafka into RAW (`ingester`).

What the ingester is made of, from the outside in:

- `ingester` wires; `config` are its settings; `process` is its life as a process: logs, signals;
  `optional` says which packages are missing, and what that costs;
- `loop` decides what comes next and deals with trouble; `liveness` are the three clocks that it
  looks at: does the group answer, how far behind is RAW, is a sign of life due;
- `seeker` finds where to read from, `positions` holds the offsets that this ingester has reached;
- `writer` batches, halves, and has one write in flight while the next batch is polled and sorted;
- `messages`, `envelope`, `strict_json` turn bytes into rows and rejects, purely;
- `batch` is one transaction's worth and the seam to the warehouse; `snowflake_sink` and
  `snowflake_errors` are behind it, `batch_file` and `staged_files` where it goes as a file;
- `metrics` is what Prometheus may ask.

`kafka/` is how the brokers are reached, `fast/` what is there for speed alone, and `shop/` what the
producer sends.
"""
