"""Hops 0 and 1: the shop's events into Kafka (`producer`), and from Kafka into RAW (`ingester`).

What the ingester is made of, from the outside in:

- `ingester` wires; `config`, `flags`, `kafka_settings`, `process` are what it is told;
- `optional` says which packages are missing, and `no_metrics` stands in for one of them;
- `loop` decides what comes next and deals with trouble;
- `places` finds where to read from, `positions` knows where this ingester stands,
  `lag` how far behind that is;
- `writer` batches and halves, `batch` is one transaction's worth, `in_flight` carries it into the
  sink while the next is polled and sorted;
- `messages`, `envelope`, `strict_json` turn bytes into rows and rejects, purely;
- `bind_rows` puts rows into the text that a statement binds, ahead of its turn;
- `sink` is the seam to the warehouse; `snowflake_sink`, `snowflake_errors` and `connector_gzip` are
  behind it.

The producer is `generator` (pure) with `wines` and `bad_messages`, and `producer` at the Kafka end.
"""
