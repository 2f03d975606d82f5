"""The real pipeline and the model of its laws, side by side: each action is done to both."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import raw_to_staging
import staging_to_production
from snowflake.snowpark.exceptions import SnowparkSQLException

from app.caves.objects import TABLES as ALL_TABLES
from tests.procedures import model
from tests.procedures.model import Delivery, Place, Reading, Row
from tests.procedures.pipeline import ANY, Handler, Pipeline
from tests.procedures.tapped import Fault, Tap, tap

HANDLERS: dict[str, Handler] = {
    "RAW_TO_STAGING_ORDERS": raw_to_staging.orders,
    "RAW_TO_STAGING_INVENTORY": raw_to_staging.inventory,
    "STAGING_TO_PROD_ORDERS": staging_to_production.orders,
    "STAGING_TO_PROD_INVENTORY_HISTORY": staging_to_production.inventory_history,
    "STAGING_TO_PROD_INVENTORY_CURRENT": staging_to_production.inventory_current,
}
STREAMS = {
    "RAW_TO_STAGING_ORDERS": "RAW_DATA.STREAM_RAW_ORDERS",
    "RAW_TO_STAGING_INVENTORY": "RAW_DATA.STREAM_RAW_INVENTORY",
    "STAGING_TO_PROD_ORDERS": "STAGING.STREAM_STG_ORDERS",
    "STAGING_TO_PROD_INVENTORY_HISTORY": "STAGING.STREAM_STG_INVENTORY_HISTORY",
    "STAGING_TO_PROD_INVENTORY_CURRENT": "STAGING.STREAM_STG_INVENTORY_CURRENT",
}
TABLES = (
    "RAW_DATA.RAW_EVENTS_STREAM",
    "RAW_DATA.REJECTED_EVENTS",
    "STAGING.STG_ORDERS",
    "STAGING.STG_ORDER_CANCELLATIONS",
    "STAGING.STG_INVENTORY_ADJ",
    "PRODUCTION.ORDERS",
    "PRODUCTION.INVENTORY_HISTORY",
    "PRODUCTION.INVENTORY_CURRENT",
    "OPS.WITHDRAWN_ORDER_EVENTS",
)
# All that keeps rows, but for the one row of a lock.
TO_EMPTY = [name for name in ALL_TABLES if not name.endswith("_LOCK")]
TOPIC = "sales_events"


def empty(pipeline: Pipeline) -> None:
    """Delete all rows; afterwards no stream has anything to give out."""
    for table in _filled(pipeline, TO_EMPTY):
        pipeline.sql(f"DELETE FROM {table}")
    if streams := _filled(pipeline, STREAMS.values()):
        pipeline.sql("BEGIN")
        for stream in streams:
            pipeline.sql(
                "INSERT INTO RAW_DATA.REJECTED_EVENTS (REASON)"
                f" SELECT METADATA$ACTION FROM {stream} WHERE 1 = 0"
            )
        pipeline.sql("COMMIT")


def _filled(pipeline: Pipeline, names: Iterable[str]) -> list[str]:
    """Those of the tables and streams that have rows, by one statement."""
    counts = " UNION ALL ".join(f"SELECT '{name}', COUNT(*) FROM {name}" for name in names)
    return [name for name, count in pipeline.sql(counts) if count]


@dataclass(repr=False)
class Model:
    """What the laws say must be in the tables, and what each stream still has to give out."""

    pending: dict[str, list[Reading]] = field(default_factory=lambda: defaultdict(list))
    places: dict[Place, str] = field(default_factory=dict)
    rejected: dict[Place, set[str]] = field(default_factory=dict)
    order_events: list[Row] = field(default_factory=list)
    cancellations: list[Row] = field(default_factory=list)
    batches: list[list[Reading]] = field(default_factory=list)
    stock: dict[str, Row] = field(default_factory=dict)

    def ingest(self, deliveries: list[Delivery]) -> None:
        for reading in map(model.read, deliveries):
            own = "INVENTORY" if reading.kind == "INVENTORY_ADJUSTED" else "ORDERS"
            self.pending[f"RAW_TO_STAGING_{own}"].append(reading)

    def run(self, procedure: str) -> dict[str, int]:
        """The procedure is done with what its stream had: returns what it has to count."""
        rows = self.pending.pop(procedure, [])
        match procedure:
            case "RAW_TO_STAGING_ORDERS":
                return self._stage(rows, ["STAGING_TO_PROD_ORDERS"])
            case "RAW_TO_STAGING_INVENTORY":
                consumers = ["HISTORY", "CURRENT"]
                return self._stage(rows, [f"STAGING_TO_PROD_INVENTORY_{c}" for c in consumers])
            case "STAGING_TO_PROD_ORDERS":
                return self._order(rows)
            case "STAGING_TO_PROD_INVENTORY_HISTORY":
                return {"inserted": self._add_to_history(rows)}
            case _:
                added = self._add_to_history(rows)
                self._restock({reading.row["PRODUCT_ID"] for reading in rows})
                return {"history_inserted": added}

    def _order(self, rows: list[Reading]) -> dict[str, int]:
        before = model.orders(self.order_events)
        self.order_events += [reading.row for reading in rows]
        after = model.orders(self.order_events)
        updated = sum(after[id_] is not shown for id_, shown in before.items())
        return {"inserted": len(after) - len(before), "updated": updated}

    def _add_to_history(self, rows: list[Reading]) -> int:
        before = len(model.history(self.batches))
        self.batches.append(rows)
        return len(model.history(self.batches)) - before

    def _stage(self, rows: list[Reading], consumers: list[str]) -> dict[str, int]:
        for reading in rows:
            place = reading.delivery.place
            self.places[place] = reading.table
            if reading.faults:
                self.rejected[place] = reading.faults
            elif reading.kind == "ORDER_CANCELLED":
                self.cancellations.append(reading.row)
            else:
                for consumer in consumers:
                    self.pending[consumer].append(reading)
        bad = sum(bool(reading.faults) for reading in rows)
        return {"staged": len(rows) - bad, "rejected": bad}

    def _restock(self, products: set[str]) -> None:
        found = list(model.history(self.batches).values())
        ordered = list(model.orders(self.order_events).values())
        for product in products:
            mine = [row for row in found if row["PRODUCT_ID"] == product]
            if mine:
                lent = [row for row in ordered if row["PRODUCT_ID"] == product]
                self.stock[product] = model.stock(mine, lent)

    def purge(self, table: str) -> None:
        """All rows of a table of STAGING are deleted: a standard stream shows nothing of a row
        that came and went, and the deletion of one that it has given out before."""
        self.places = {place: kept for place, kept in self.places.items() if kept != table}
        own = "ORDERS" if table == "STG_ORDERS" else "INVENTORY"
        for consumer in [c for c in self.pending if c.startswith(f"STAGING_TO_PROD_{own}")]:
            self.pending[consumer] = []


@dataclass(repr=False)
class ModelledPipeline:
    """The pipeline in the account, its model, and what Kafka has delivered so far.

    `pipeline` runs the procedures, on a connection that can be tapped; `ingester` has its own.
    """

    pipeline: Pipeline
    ingester: Pipeline
    model: Model = field(default_factory=Model)
    delivered: list[tuple[int, str]] = field(default_factory=list)
    arrived: list[Delivery] = field(default_factory=list)
    next_offsets: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    created: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        return "ModelledPipeline(…)"

    def reset(self, ingested_at: str = Pipeline.ingested_at, future_limit: int = ANY) -> None:
        """All as a test expects it, whichever test came before: empty, offsets from 0, and when
        events arrive and how far ahead of that they may be."""
        self.empty()
        self.ingester.next_offset = 0
        self.ingester.ingested_at = ingested_at
        self.ingester.limit_future(future_limit)

    def empty(self) -> None:
        """Empty tables, and streams that have nothing to give out."""
        empty(self.pipeline)
        self.model = Model()
        self.delivered.clear()
        self.arrived.clear()
        self.next_offsets.clear()
        self.created.clear()

    def ingest(self, events: list[tuple[int, str]]) -> None:
        """Takes in (partition, text) pairs, each at its partition's next offset."""
        self.arrive(events)
        self.settle()

    def arrive(self, events: list[tuple[int, str]]) -> None:
        """The batch is in RAW; the model does not know of it before `settle`."""
        for partition, text in events:
            place = (TOPIC, partition, self.next_offsets[partition])
            self.arrived.append(Delivery(place, text))
            self.next_offsets[partition] += 1
        self.delivered += events
        self.ingester.deliver(self.arrived)

    def settle(self) -> None:
        self.model.ingest(self.arrived)
        self.arrived = []

    def run(self, *procedures: str) -> None:
        for procedure in procedures:
            counted = HANDLERS[procedure](self.pipeline.session)
            expected = self.model.run(procedure)
            assert expected == {name: counted[name] for name in expected}, procedure

    def fail(self, procedure: str, fault: Tap) -> None:
        """A run with a fault in it: where it fails, nothing has happened."""
        try:
            with tap(self.pipeline.session, fault):
                HANDLERS[procedure](self.pipeline.session)
        except (SnowparkSQLException, Fault):
            return
        self.model.run(procedure)

    def drain(self) -> None:
        """Every procedure, in the order of the tasks."""
        self.run(*HANDLERS)

    def purge(self, table: str) -> None:
        self.pipeline.sql(f"DELETE FROM STAGING.{table}")
        self.model.purge(table)

    def check(self) -> None:
        """Laws 2 to 5 hold: the tables are what the model says, row for row."""
        assert self._places() == sorted((*place, at) for place, at in self.model.places.items())
        self._check_reasons()
        self._check_orders()
        self._check_history()
        self._check_cancellations()
        assert self._rows("INVENTORY_CURRENT", CURRENT) == self.model.stock

    def _places(self) -> list[tuple[Any, ...]]:
        staging = (f"STAGING.{table}" for table in model.TABLES.values())
        tables = (*staging, "RAW_DATA.REJECTED_EVENTS")
        columns = "KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET"
        union = " UNION ALL ".join(
            f"SELECT {columns}, '{table.split('.')[1]}' FROM {table}" for table in tables
        )
        return sorted(self.pipeline.sql(union))

    def _check_reasons(self) -> None:
        """Each reason is about one of the fields that are wrong."""
        columns = "KAFKA_TOPIC, KAFKA_PARTITION, KAFKA_OFFSET, REASON, PAYLOAD"
        for *place, reason, payload in self.pipeline.rows("RAW_DATA.REJECTED_EVENTS", columns):
            faults = self.model.rejected[tuple(place)]
            assert reason.split(" ")[0] in faults, (reason, faults)
            assert json.loads(payload)

    def _check_orders(self) -> None:
        expected = model.orders(self.model.order_events)
        found = self._rows("ORDERS", ORDERS, "CREATED_AT")
        for order_id, row in found.items():
            created = row.pop("CREATED_AT")
            assert self.created.setdefault(f"order {order_id}", created) == created
        assert found == {id_: of_production(row, "ORDER") for id_, row in expected.items()}

    def _check_history(self) -> None:
        expected = model.history(self.model.batches)
        found = self._rows("INVENTORY_HISTORY", HISTORY, "CREATED_AT")
        for adjustment_id, row in found.items():
            created = row.pop("CREATED_AT")
            assert self.created.setdefault(f"adjustment {adjustment_id}", created) == created
        assert found == {id_: of_production(row, "ADJUSTMENT") for id_, row in expected.items()}

    def _check_cancellations(self) -> None:
        expected = model.cancellations(self.model.cancellations)
        found = self.pipeline.rows(
            "PRODUCTION.ORDER_CANCELLATIONS", "ORDER_ID, CANCELLED_AT, REASON, EVENT_ID"
        )
        rows = (tuple(event[name] for name in CANCELLATION) for event in expected.values())
        assert found == sorted(rows)

    def _rows(self, table: str, columns: tuple[str, ...], *more: str) -> dict[str, Row]:
        """The table's rows by their key, the first column; no key is there twice."""
        names = (*columns, *more)
        rows = self.pipeline.sql(f"SELECT {', '.join(names)} FROM PRODUCTION.{table}")
        keys = [row[0] for row in rows]
        assert len(keys) == len(set(keys)), sorted(keys)
        return {row[0]: dict(zip(names, row, strict=True)) for row in rows}


CANCELLATION = ("ORDER_ID", "EVENT_TIMESTAMP", "REASON", "EVENT_ID")
ORDERS = (
    "ORDER_ID",
    "ORDER_DATE",
    "ORDER_TIMESTAMP",
    "CUSTOMER_ID",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "QUANTITY",
    "UNIT_PRICE",
    "TOTAL_AMOUNT",
    "PAYMENT_METHOD",
    "SHIPPING_ADDRESS",
    "EVENT_ID",
)
HISTORY = (
    "ADJUSTMENT_ID",
    "ADJUSTMENT_DATE",
    "ADJUSTMENT_TIMESTAMP",
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "ADJUSTMENT_TYPE",
    "QUANTITY_CHANGE",
    "NEW_STOCK_LEVEL",
    "REASON",
    "WAREHOUSE_LOCATION",
    "EVENT_ID",
)
CURRENT = (
    "PRODUCT_ID",
    "PRODUCT_NAME",
    "PRODUCT_CATEGORY",
    "CURRENT_STOCK_LEVEL",
    "LAST_ADJ_TIMESTAMP",
    "WAREHOUSE_LOCATION",
)


def of_production(event: Row, noun: str) -> Row:
    """The event's row as production names it: with the day in UTC beside the moment."""
    row = {name: value for name, value in event.items() if name != "EVENT_TIMESTAMP"}
    moment = event["EVENT_TIMESTAMP"]
    return row | {f"{noun}_TIMESTAMP": moment, f"{noun}_DATE": moment.date()}
