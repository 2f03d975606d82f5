"""A customer is forgotten: id and address leave every table, amounts and stock stay.

`forget_customer` is the handler of OPS.FORGET_CUSTOMER. Rows are not deleted but redacted
(redaction.py), so that the laws go on holding: a RAW row is still that message, and STAGING and
PRODUCTION still agree. RAW_DATA.FORGOTTEN_CUSTOMERS keeps a salted hash of the id, by which
`forget_again`, every night, knows what came in late.

One look is one transaction: find, redact, write the log. RAW's streams are append-only and give out
a row as it was inserted, whatever became of it since
(https://docs.snowflake.com/en/user-guide/streams-intro): they are emptied before each look, and
looks are repeated until one finds nothing.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

import raw_to_staging
import redaction
from event_kinds import ORDER_ID
from redaction import FORGOTTEN, Customer
from repair_lock import repair
from snowflake.snowpark import Session

LOOKS = 5
# Rows that one statement binds.
CHUNK_ROWS = 500

STREAMS = {
    "RAW_DATA.STREAM_RAW_ORDERS": raw_to_staging.orders,
    "RAW_DATA.STREAM_RAW_INVENTORY": raw_to_staging.inventory,
}
# The tables that have the customer and the address in columns of their own.
ORDER_TABLES = {"stg_orders": "STAGING.STG_ORDERS", "orders": "PRODUCTION.ORDERS"}
# Free text, in which people, producers or error messages may have named a customer. What came in an
# event is redacted in the event by the same rule.
TEXTS = (
    ("RAW_DATA.REJECTED_EVENTS", "NOTE"),
    ("STAGING.STG_ORDERS", "PAYMENT_METHOD"),
    ("STAGING.STG_ORDERS", "SHIPPING_ADDRESS"),
    ("STAGING.STG_ORDER_CANCELLATIONS", "REASON"),
    ("STAGING.STG_INVENTORY_ADJ", "REASON"),
    ("PRODUCTION.ORDERS", "PAYMENT_METHOD"),
    ("PRODUCTION.ORDERS", "SHIPPING_ADDRESS"),
    ("PRODUCTION.INVENTORY_HISTORY", "REASON"),
    ("OPS.WITHDRAWN_ORDER_EVENTS", "NOTE"),
    ("OPS.ALERT_LOG", "DETAIL"),
    ("OPS.DEPLOYMENT_LOG", "FAILURE"),
)

# Every column that is redacted: tests hold it against all that can hold a text.
REDACTED = {
    *TEXTS,
    *(
        (table, name)
        for table in ORDER_TABLES.values()
        for name in ("CUSTOMER_ID", "SHIPPING_ADDRESS")
    ),
    *(
        ("RAW_DATA.RAW_EVENTS_STREAM", name)
        for name in ("CUSTOMER_ID", "EVENT_DATA", "KAFKA_METADATA")
    ),
    *(("RAW_DATA.REJECTED_EVENTS", name) for name in ("REASON", "PAYLOAD", "KAFKA_METADATA")),
}

ORDER = ", ".join(f"{{event}}:{name}::VARCHAR" for name in (ORDER_ID.name, *ORDER_ID.synonyms))
# One value: {"id": …, "pattern": …}. LINKED: the message is of an order that is the customer's, or
# of one whose customer was forgotten before.
LINKED = f"""
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) AS c
LEFT JOIN (
    SELECT ORDER_ID, CUSTOMER_ID FROM STAGING.STG_ORDERS
    UNION
    SELECT ORDER_ID, CUSTOMER_ID FROM PRODUCTION.ORDERS
) AS o
    ON COALESCE({ORDER}, '') = o.ORDER_ID
    AND o.CUSTOMER_ID IN (c.CHOICE:id::VARCHAR, '{FORGOTTEN}')
"""
RAW_ROWS = f"""
SELECT DISTINCT
    r.KAFKA_TOPIC,
    r.KAFKA_PARTITION,
    r.KAFKA_OFFSET,
    r.CUSTOMER_ID,
    r.EVENT_DATA::VARCHAR AS EVENT,
    r.KAFKA_METADATA::VARCHAR AS METADATA,
    CASE WHEN o.ORDER_ID IS NULL THEN 0 ELSE 1 END AS LINKED
FROM RAW_DATA.RAW_EVENTS_STREAM AS r
{LINKED.format(event="r.EVENT_DATA")}
WHERE r.CUSTOMER_ID = c.CHOICE:id::VARCHAR
    OR (r.CUSTOMER_ID IS NULL AND o.ORDER_ID IS NOT NULL)
    OR REGEXP_INSTR(COALESCE(r.EVENT_DATA::VARCHAR, ''), c.CHOICE:pattern::VARCHAR) > 0
    OR REGEXP_INSTR(COALESCE(r.KAFKA_METADATA::VARCHAR, ''), c.CHOICE:pattern::VARCHAR) > 0
"""
# The ingester's rejects all: no pattern finds what is in base64, or cut off before the id.
REJECTED_ROWS = f"""
SELECT DISTINCT
    r.KAFKA_TOPIC,
    r.KAFKA_PARTITION,
    r.KAFKA_OFFSET,
    r.STAGE,
    r.REASON,
    r.PAYLOAD,
    r.PAYLOAD_ENCODING,
    r.KAFKA_METADATA::VARCHAR AS METADATA,
    CASE WHEN o.ORDER_ID IS NULL THEN 0 ELSE 1 END AS LINKED
FROM (
    SELECT e.*, TRY_PARSE_JSON(e.PAYLOAD) AS EVENT_DATA FROM RAW_DATA.REJECTED_EVENTS AS e
) AS r
{LINKED.format(event="r.EVENT_DATA")}
WHERE r.STAGE = 'INGEST'
    OR o.ORDER_ID IS NOT NULL
    OR REGEXP_INSTR(COALESCE(r.PAYLOAD, ''), c.CHOICE:pattern::VARCHAR) > 0
    OR REGEXP_INSTR(COALESCE(r.REASON, ''), c.CHOICE:pattern::VARCHAR) > 0
    OR REGEXP_INSTR(COALESCE(r.KAFKA_METADATA::VARCHAR, ''), c.CHOICE:pattern::VARCHAR) > 0
"""

# Rows are the same by place and content: a topic that was re-created gives out its places again.
NEW = "(SELECT f.value AS N FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) AS f) AS n"
SAME = """
r.KAFKA_TOPIC = n.N:topic::VARCHAR
    AND r.KAFKA_PARTITION = n.N:partition::NUMBER(10, 0)
    AND r.KAFKA_OFFSET = n.N:offset::NUMBER(19, 0)
"""
REDACT_RAW = f"""
UPDATE RAW_DATA.RAW_EVENTS_STREAM AS r
SET
    CUSTOMER_ID = n.N:customer::VARCHAR,
    EVENT_DATA = PARSE_JSON(n.N:event::VARCHAR),
    KAFKA_METADATA = PARSE_JSON(n.N:metadata::VARCHAR)
FROM {NEW}
WHERE {SAME}
    AND SHA2(COALESCE(r.EVENT_DATA::VARCHAR, ''), 256) = n.N:was::VARCHAR
"""
REDACT_REJECTED = f"""
UPDATE RAW_DATA.REJECTED_EVENTS AS r
SET
    REASON = n.N:reason::VARCHAR,
    PAYLOAD = n.N:payload::VARCHAR,
    PAYLOAD_ENCODING = n.N:encoding::VARCHAR,
    KAFKA_METADATA = PARSE_JSON(n.N:metadata::VARCHAR),
    NOTE = COALESCE(r.NOTE, n.N:note::VARCHAR)
FROM {NEW}
WHERE {SAME}
    AND r.STAGE = n.N:stage::VARCHAR
    AND SHA2(COALESCE(r.PAYLOAD, ''), 256) = n.N:was::VARCHAR
"""
# UPDATED_AT stays: it tells how long the event took to production.
REDACT_ORDERS = f"""
UPDATE {{table}}
SET CUSTOMER_ID = '{FORGOTTEN}', SHIPPING_ADDRESS = NULL
WHERE CUSTOMER_ID = ? AND (CUSTOMER_ID <> '{FORGOTTEN}' OR SHIPPING_ADDRESS IS NOT NULL)
"""
COUNT_ORDERS = f"""
SELECT COUNT(*)
FROM {{table}}
WHERE CUSTOMER_ID = ? AND (CUSTOMER_ID <> '{FORGOTTEN}' OR SHIPPING_ADDRESS IS NOT NULL)
"""
# Why somebody cancelled is their own affair: it goes whole.
CANCELLATIONS = f"""
STAGING.STG_ORDER_CANCELLATIONS
{{change}}
WHERE REASON IS NOT NULL AND ORDER_ID IN (
    SELECT s.ORDER_ID
    FROM (
        SELECT ORDER_ID, CUSTOMER_ID FROM STAGING.STG_ORDERS
        UNION
        SELECT ORDER_ID, CUSTOMER_ID FROM PRODUCTION.ORDERS
    ) AS s
    WHERE s.CUSTOMER_ID IN (?, '{FORGOTTEN}')
)
"""
REDACT_CANCELLATIONS = "UPDATE " + CANCELLATIONS.format(change="SET REASON = NULL")
COUNT_CANCELLATIONS = "SELECT COUNT(*) FROM " + CANCELLATIONS.format(change="")
OWN_ORDERS = """
SELECT ORDER_ID FROM STAGING.STG_ORDERS WHERE CUSTOMER_ID = ?
UNION
SELECT ORDER_ID FROM PRODUCTION.ORDERS WHERE CUSTOMER_ID = ?
"""
TEXTS_WITH = """
SELECT DISTINCT t.PLACE, t.WORDS
FROM ({texts}) AS t
CROSS JOIN (SELECT PARSE_JSON(?) AS CHOICE) AS c
WHERE REGEXP_INSTR(t.WORDS, c.CHOICE:pattern::VARCHAR) > 0
"""
REDACT_TEXT = f"""
UPDATE {{table}} AS r SET {{column}} = n.N:to::VARCHAR
FROM {NEW}
WHERE r.{{column}} = n.N:from::VARCHAR
"""

KNOWN = """
SELECT SALT, ID_HASH
FROM RAW_DATA.FORGOTTEN_CUSTOMERS
WHERE ID_HASH = SHA2(CONCAT(SALT, ?), 256)
LIMIT 1
"""
LOG = """
INSERT INTO RAW_DATA.FORGOTTEN_CUSTOMERS (FORGOTTEN_AT, ASKED_BY, SALT, ID_HASH, ROW_COUNTS)
SELECT SYSDATE(), c.CHOICE:by::VARCHAR, c.CHOICE:salt::VARCHAR, c.CHOICE:hash::VARCHAR,
    c.CHOICE:counts
FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c
"""
# Ids that are known as forgotten, and are there again.
BACK = """
SELECT DISTINCT s.CUSTOMER_ID
FROM (
    SELECT CUSTOMER_ID FROM RAW_DATA.RAW_EVENTS_STREAM
    UNION
    SELECT CUSTOMER_ID FROM STAGING.STG_ORDERS
    UNION
    SELECT CUSTOMER_ID FROM PRODUCTION.ORDERS
) AS s
INNER JOIN (SELECT DISTINCT SALT, ID_HASH FROM RAW_DATA.FORGOTTEN_CUSTOMERS) AS f
    ON SHA2(CONCAT(f.SALT, s.CUSTOMER_ID), 256) = f.ID_HASH
"""
HASHES = "SELECT DISTINCT SALT, ID_HASH FROM RAW_DATA.FORGOTTEN_CUSTOMERS"
PAYLOADS = "SELECT PAYLOAD FROM RAW_DATA.REJECTED_EVENTS WHERE PAYLOAD_ENCODING = 'utf-8'"

Counts = Counter[str]
Rows = list[dict[str, Any]]


def forget_customer(
    session: Session, customer_id: str, asked_by: str, plan: bool
) -> dict[str, int]:
    """The numbers of rows redacted in each table; call it outside of a transaction. KNOWN is 1
    where the customer had been forgotten before. With PLAN nothing changes: what would be
    redacted, as far as it is there by now.
    """
    if not customer_id.strip():
        raise ValueError("the customer's id is blank")
    known = len(session.sql(KNOWN, params=[customer_id]).collect())
    counts = Look(session, customer_id).count() if plan else _forget(session, customer_id, asked_by)
    return {**_all_counts(counts), "known": known}


def forget_again(session: Session) -> dict[str, int]:
    """What came in of customers who were forgotten before; call it outside of a transaction."""
    hashes = [tuple(row) for row in session.sql(HASHES).collect()]
    if not hashes:
        return {"forgotten_again": 0}
    back = {row[0] for row in session.sql(BACK).collect()}
    for [text] in session.sql(PAYLOADS).to_local_iterator():
        named = redaction.customer_of(text)
        if named and any(_hash(salt, named) == hash_ for salt, hash_ in hashes):
            back.add(named)
    # And what names no customer, of an order whose customer is forgotten.
    counts = [_forget(session, each, "OPS.PURGE") for each in (*sorted(back), FORGOTTEN)]
    return {"forgotten_again": sum(sum(each.values()) for each in counts)}


def _forget(session: Session, customer_id: str, asked_by: str) -> Counts:
    total: Counts = Counter()
    for _ in range(LOOKS):
        _empty_streams(session)
        with repair(session):
            found = Look(session, customer_id).redact()
            if found.total() and customer_id != FORGOTTEN:
                _log(session, customer_id, asked_by, found)
        if not found.total():
            break
        total += found
    return total


def _empty_streams(session: Session) -> None:
    for stream, move in STREAMS.items():
        [[waiting]] = session.sql(f"SELECT COUNT(*) FROM {stream}").collect()
        if waiting:
            move(session)


def _log(session: Session, customer_id: str, asked_by: str, counts: Counts) -> None:
    known = session.sql(KNOWN, params=[customer_id]).collect()
    salt = known[0][0] if known else secrets.token_hex(16)
    entry = {"by": asked_by, "salt": salt, "hash": _hash(salt, customer_id)}
    session.sql(LOG, params=[json.dumps({**entry, "counts": _all_counts(counts)})]).collect()


def _hash(salt: str, customer_id: str) -> str:
    return hashlib.sha256((salt + customer_id).encode()).hexdigest()


def _all_counts(counts: Counts) -> dict[str, int]:
    names = ("raw_events", "rejected_events", *ORDER_TABLES, "texts")
    return {name: counts[name] for name in names}


class Look:
    """One look for a customer through all tables."""

    def __init__(self, session: Session, customer_id: str) -> None:
        self._session = session
        orders = session.sql(OWN_ORDERS, params=[customer_id, customer_id]).collect()
        is_new = customer_id != FORGOTTEN
        self._customer = Customer(customer_id, frozenset(row[0] for row in orders if is_new))
        self._choice = json.dumps({"id": customer_id, "pattern": self._customer.pattern})

    def count(self) -> Counts:
        """How many rows `redact` would change."""
        counts: Counts = Counter(
            raw_events=len(self._raw()),
            rejected_events=len(self._rejected()),
            texts=sum(len(rows) for rows in self._texts().values()),
        )
        counts["texts"] += self._number(COUNT_CANCELLATIONS, self._customer.id)
        for name, table in ORDER_TABLES.items():
            counts[name] = self._number(COUNT_ORDERS.format(table=table), self._customer.id)
        return counts

    def redact(self) -> Counts:
        """RAW and the rejects are looked at first, by the orders that are the customer's as yet."""
        raw, rejected = self._raw(), self._rejected()
        counts: Counts = Counter(
            raw_events=self._change(REDACT_RAW, raw),
            rejected_events=self._change(REDACT_REJECTED, rejected),
        )
        counts["texts"] = self._number(REDACT_CANCELLATIONS, self._customer.id)
        for name, table in ORDER_TABLES.items():
            counts[name] = self._number(REDACT_ORDERS.format(table=table), self._customer.id)
        for (table, column), rows in self._texts().items():
            statement = REDACT_TEXT.format(table=table, column=column)
            counts["texts"] += self._change(statement, rows)
        return counts

    def _raw(self) -> Rows:
        """The rows of RAW that change, and what each becomes."""
        changes = []
        for topic, partition, offset, named, event, metadata, linked in self._rows(RAW_ROWS):
            after, own = redaction.message(event, self._customer, bool(linked))
            product = redaction.product_of(event)
            kept = redaction.metadata(metadata, self._customer, own, product)
            customer = redaction.customer_of(after) if own else named
            if (after, kept, customer) != (event, metadata, named):
                place = {"topic": topic, "partition": partition, "offset": offset}
                new = {"event": after, "metadata": kept, "customer": customer}
                changes.append({**place, "was": _digest(event), **new})
        return changes

    def _rejected(self) -> Rows:
        changes = []
        for row in self._rows(REJECTED_ROWS):
            topic, partition, offset, stage, reason, payload, encoding, metadata, linked = row
            if offset is None:
                continue
            after, own = (payload, False)
            if payload is not None:
                after, own = redaction.payload(payload, encoding, self._customer, bool(linked))
            kept = redaction.metadata(metadata, self._customer, own, redaction.product_of(payload))
            why = redaction.reason(reason, self._customer, own)
            if (after, kept, why) != (payload, metadata, reason):
                place = {"topic": topic, "partition": partition, "offset": offset, "stage": stage}
                gone = payload is not None and after is None
                new = {
                    "payload": after,
                    "encoding": None if gone else encoding,
                    "metadata": kept,
                    "reason": why,
                    "note": "its customer was forgotten" if gone else None,
                }
                changes.append({**place, "was": _digest(payload), **new})
        return changes

    def _texts(self) -> dict[tuple[str, str], Rows]:
        """By table and column, each text that mentions the customer, and what it becomes."""
        texts = "\nUNION ALL\n".join(
            f"SELECT {number} AS PLACE, {column} AS WORDS FROM {table}"
            for number, (table, column) in enumerate(TEXTS)
        )
        found: dict[tuple[str, str], Rows] = {}
        for number, text in self._rows(TEXTS_WITH.format(texts=texts)):
            after = self._customer.without(text)
            if after != text:
                found.setdefault(TEXTS[int(number)], []).append({"from": text, "to": after})
        return found

    def _rows(self, statement: str) -> Iterable[Any]:
        return self._session.sql(statement, params=[self._choice]).collect()

    def _number(self, statement: str, value: str) -> int:
        """What the statement counts, or how many rows it changes."""
        [row] = self._session.sql(statement, params=[value]).collect()
        return int(row[0])

    def _change(self, statement: str, rows: Rows) -> int:
        """How many rows were changed. Raises where one that was found is not there any more: what
        is left of the customer must not pass for nothing."""
        changed = 0
        for chunk in _chunks(rows):
            done = self._number(statement, json.dumps(chunk))
            if done < len(chunk):
                raise RuntimeError(f"{len(chunk) - done} rows changed meanwhile: call it again")
            changed += done
        return changed


def _chunks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), CHUNK_ROWS):
        yield rows[start : start + CHUNK_ROWS]


def _digest(text: str | None) -> str:
    return hashlib.sha256((text or "").encode()).hexdigest()
