"""Is a row refused for its data, or would the table refuse any row like it? Pure.

The twin of a row is as harmless as a row can be and has its shape: the same fields are NULL, the
texts are as long, and nothing in them is foreign. A warehouse that refuses the twin, too, has a
table that is not as the application makes it: a column that must not be NULL any more, or has
another type or length. That is nothing an event could be blamed for.
"""

import json
from dataclasses import replace

from ingest.envelope import Envelope
from ingest.messages import Message, RawRow, Reject

# Longer texts are the data's own affair: no table need take them.
LONGEST = 1_000_000
FILLER = "x"
TIMESTAMP = "2026-01-01 00:00:00"


def twin(row: RawRow | Reject) -> RawRow | Reject:
    if isinstance(row, Reject):
        return replace(
            row,
            reason=_filled(row.reason) or "",
            event_id=_filled(row.event_id),
            event_type=_filled(row.event_type),
            payload=_filled(row.payload),
            metadata=None if row.metadata is None else {"key": FILLER},
        )
    message, envelope, text, _ = row
    event_id, event_type, timestamp, product_id, customer_id = envelope
    return RawRow(
        Message(message.topic, message.partition, message.offset, None, FILLER.encode()),
        Envelope(
            _filled(event_id) or "",
            _filled(event_type),
            None if timestamp is None else TIMESTAMP,
            _filled(product_id),
            _filled(customer_id),
        ),
        json.dumps({FILLER: _filled(text)}),
    )


def _filled(text: str | None) -> str | None:
    return None if text is None else FILLER * min(len(text), LONGEST)
