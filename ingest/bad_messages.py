"""Messages that must be rejected, as shops really send them, for drills and demonstrations."""

from collections.abc import Callable
from typing import Any

Event = dict[str, Any]

# Bytes of a good event -> bytes of a message that ingestion rejects (None is a tombstone).
BAD_AT_INGEST: tuple[Callable[[bytes], bytes | None], ...] = (
    lambda good: None,
    lambda good: b"",
    lambda good: good[: len(good) // 2],
    lambda good: good.decode().encode("latin-1", errors="replace") + b"\xe9",
    lambda good: b"[" + good + b"]",
    lambda good: good.replace(b'"quantity": 1', b'"quantity": NaN'),
    lambda good: good.replace(b'"quantity": 1', b'"quantity": 1, "quantity": 2'),
)

# A good order -> an order in good JSON that the transforms reject.
BAD_AT_STAGING: tuple[Callable[[Event], Event], ...] = (
    lambda order: {**order, "quantity": 0},
    lambda order: {**order, "quantity": 1.5},
    lambda order: {**order, "quantity": "a dozen"},
    lambda order: {**order, "unit_price": 12.345},
    lambda order: {**order, "unit_price": -1},
    lambda order: {**order, "event_timestamp": "yesterday"},
    lambda order: {name: value for name, value in order.items() if name != "customer_id"},
    lambda order: {name: value for name, value in order.items() if name != "product_id"},
    lambda order: {**order, "order_id": None},
    lambda order: {**order, "event_type": "GIFT_SENT"},
    lambda order: {name: value for name, value in order.items() if name != "event_type"},
)
