"""The kinds of event that the pipeline knows: what is in them, what is good, and where it goes.

This is the one place that says so. The transforms (`judging`, `orders_transforms`,
`inventory_transforms`), the repairs (`rejections`, `reprocessing`, `comparisons`), the view
OPS.EVENT_FIELDS, by which the laws know what to compare, and the tables of docs/events.md follow
it; tests hold the tables of app/sql to it. docs/how-to-change.md says how to add a field or a kind.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from event_fields import (
    AMOUNT,
    BOTTLES,
    ID,
    MOMENT,
    PRICE,
    TEXT,
    Default,
    Field,
    Rule,
    event_identity,
    fault,
    missing,
)
from snowflake.snowpark import Column
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import DecimalType, StringType

# What a row of STAGING has besides its event: when it came in, and where it stands in Kafka.
ARRIVAL = {
    "INGESTION_TIMESTAMP": "TIMESTAMP_NTZ",
    "KAFKA_TOPIC": "VARCHAR",
    "KAFKA_PARTITION": "NUMBER(10, 0)",
    "KAFKA_OFFSET": "NUMBER(19, 0)",
}


@dataclass(frozen=True)
class Production:
    """The table that shows the events, a row for each value of the kind's key.

    It names the moment after its noun: ORDER_TIMESTAMP, and its day in UTC, ORDER_DATE. `own` are
    the columns that no event has. A table with `settled` columns is a history: nothing that it says
    ever changes. Only columns that are NULL may be filled, and the settled ones not even so, since
    other tables are computed from them.
    """

    table: str
    noun: str
    own: tuple[str, ...]
    settled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Kind:
    """Events of one event_type. Their fields are in the order of the columns of `staging`, and are
    judged in it; `key` is the column that says what an event is about.

    `stream` is the stream on RAW that shows them to their procedure. `production` is None where
    production is a view of STAGING: then the nightly purge leaves the rows in STAGING.
    """

    event_type: str
    stream: str
    staging: str
    key: str
    production: Production | None
    fields: tuple[Field, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        """What STAGING has of an event."""
        return tuple(field.column for field in self.fields)

    @property
    def staged(self) -> tuple[str, ...]:
        """All columns of the table in STAGING."""
        return (*self.columns, *ARRIVAL)

    @property
    def identity(self) -> tuple[str, ...]:
        """What tells an event from another one. It is never corrected: production shows the event
        for what these say."""
        return ("EVENT_ID", "EVENT_TIMESTAMP", self.key)

    @property
    def values(self) -> tuple[str, ...]:
        """What an event says besides."""
        return tuple(name for name in self.columns if name not in self.identity)

    @property
    def corrected(self) -> tuple[str, ...]:
        """Of the values those that reprocessing may correct; of a history, those it may fill."""
        return tuple(name for name in self.values if name not in self.settled)

    @property
    def settled(self) -> tuple[str, ...]:
        return self.production.settled if self.production else ()

    @property
    def is_history(self) -> bool:
        return bool(self.settled)

    @property
    def identity_shown(self) -> dict[str, str]:
        """Production's names for the identity."""
        return {"EVENT_ID": "EVENT_ID", self.moment[1]: "EVENT_TIMESTAMP", self.key: self.key}

    @property
    def shown(self) -> tuple[str, ...]:
        """What production has of an event."""
        return (self.key, *self.moment, *self.values, "EVENT_ID")

    @property
    def moment(self) -> tuple[str, ...]:
        """Production's names for the event's day and moment."""
        noun = self.production.noun if self.production else ""
        return (f"{noun}_DATE", f"{noun}_TIMESTAMP")

    def as_shown(self) -> list[Column]:
        """`shown`, as projections of rows of STAGING."""
        day, moment = self.moment
        own = {
            day: F.to_date(F.col("EVENT_TIMESTAMP")).alias(day),
            moment: F.col("EVENT_TIMESTAMP").alias(moment),
        }
        return [own.get(name, F.col(name)) for name in self.shown]


def above_zero(field: Field) -> Column:
    return F.when(field.value <= F.lit(0), fault(field, "is not above 0"))


def negative(field: Field) -> Column:
    return F.when(field.value < F.lit(0), fault(field, "is negative"))


def full_price() -> Column:
    """What the order costs without discounts, as text: it may be too long for the column."""
    bottles = QUANTITY.value.cast(DecimalType(38, 0))
    return (bottles * UNIT_PRICE.value).cast(StringType())


def too_high_price(field: Field) -> Column:
    rule = f"of quantity and price is not {AMOUNT.wanted}"
    is_none = missing(field) & AMOUNT.cast(full_price()).is_null()
    return F.when(is_none, fault(field, rule, full_price()))


# RAW's EVENT_ID comes first: there the ingester has put the event's own, or its place in Kafka.
def by_order_or_place(event_id: Column) -> Column:
    return event_identity(event_id, ORDER_ID.value)


def by_event(adjustment_id: Column) -> Column:
    return F.when(adjustment_id.is_null(), event_identity(EVENT_ID.value)).otherwise(adjustment_id)


def by_full_price(total: Column) -> Column:
    return F.coalesce(total, AMOUNT.cast(full_price()))


ITS_PLACE = Default("topic-partition-offset", event_identity)
ITS_ORDER = Default("the order_id, else topic-partition-offset", by_order_or_place)
ITS_EVENT = Default("the event_id", by_event)
FULL_PRICE = Default("quantity × unit_price", by_full_price)

EVENT_ID = Field("event_id", ID, default=ITS_PLACE)
EVENT_TIMESTAMP = Field("event_timestamp", MOMENT, ("event_ts",), required=True)
ORDER_ID = Field("order_id", ID, ("order_line_id",), required=True)
CUSTOMER_ID = Field("customer_id", ID, required=True)
PRODUCT_ID = Field("product_id", ID, required=True)
PRODUCT_NAME = Field("product_name", TEXT)
PRODUCT_CATEGORY = Field("product_category", TEXT, ("category",))
QUANTITY = Field("quantity", BOTTLES, required=True, rules=(Rule("above 0", above_zero),))
UNIT_PRICE = Field("unit_price", PRICE, required=True, rules=(Rule("not negative", negative),))
PAYMENT_METHOD = Field("payment_method", TEXT)
SHIPPING_ADDRESS = Field("shipping_address", TEXT)
REASON = Field("reason", TEXT)

ORDER_CREATED = Kind(
    "ORDER_CREATED",
    stream="RAW_DATA.STREAM_RAW_ORDERS",
    staging="STAGING.STG_ORDERS",
    key="ORDER_ID",
    production=Production("PRODUCTION.ORDERS", "ORDER", own=("CREATED_AT", "UPDATED_AT")),
    fields=(
        Field("event_id", ID, default=ITS_ORDER),
        EVENT_TIMESTAMP,
        ORDER_ID,
        CUSTOMER_ID,
        PRODUCT_ID,
        PRODUCT_NAME,
        PRODUCT_CATEGORY,
        QUANTITY,
        UNIT_PRICE,
        Field(
            "total_amount",
            AMOUNT,
            ("total_price",),
            rules=(Rule("no longer than its column where it is computed", too_high_price),),
            default=FULL_PRICE,
        ),
        PAYMENT_METHOD,
        SHIPPING_ADDRESS,
    ),
)

# Of an order that is cancelled twice, the first time counts. There are few, and nothing has to be
# merged: PRODUCTION.ORDER_CANCELLATIONS is a view.
ORDER_CANCELLED = Kind(
    "ORDER_CANCELLED",
    stream="RAW_DATA.STREAM_RAW_ORDERS",
    staging="STAGING.STG_ORDER_CANCELLATIONS",
    key="ORDER_ID",
    production=None,
    fields=(EVENT_ID, EVENT_TIMESTAMP, ORDER_ID, REASON),
)

INVENTORY_ADJUSTED = Kind(
    "INVENTORY_ADJUSTED",
    stream="RAW_DATA.STREAM_RAW_INVENTORY",
    staging="STAGING.STG_INVENTORY_ADJ",
    key="ADJUSTMENT_ID",
    production=Production(
        "PRODUCTION.INVENTORY_HISTORY",
        "ADJUSTMENT",
        own=("CREATED_AT", "VOIDS_ADJUSTMENT_ID"),
        # What INVENTORY_CURRENT is computed from.
        settled=(
            "PRODUCT_ID",
            "PRODUCT_NAME",
            "PRODUCT_CATEGORY",
            "QUANTITY_CHANGE",
            "NEW_STOCK_LEVEL",
            "WAREHOUSE_LOCATION",
        ),
    ),
    fields=(
        EVENT_ID,
        EVENT_TIMESTAMP,
        Field("adjustment_id", ID, default=ITS_EVENT),
        PRODUCT_ID,
        PRODUCT_NAME,
        PRODUCT_CATEGORY,
        Field("adjustment_type", TEXT, required=True),
        Field("quantity_change", BOTTLES, required=True),
        Field("new_stock_level", BOTTLES),
        REASON,
        Field("warehouse_location", TEXT),
    ),
)

KINDS = (ORDER_CREATED, ORDER_CANCELLED, INVENTORY_ADJUSTED)


def of_stream(stream: str) -> tuple[Kind, ...]:
    return tuple(kind for kind in KINDS if kind.stream == stream)


# An event of a type that nobody knows goes with the orders, so that no row of RAW is lost between
# the streams: there it is rejected, until a deployment knows its type.
STREAM_OF_THE_UNKNOWN = ORDER_CREATED.stream


def is_of(kinds: Iterable[Kind]) -> Column:
    """Whether a row of RAW is an event of one of the kinds; False, never NULL, where it has no
    type."""
    types = [kind.event_type for kind in kinds]
    return F.coalesce(F.col("EVENT_TYPE"), F.lit("")).in_(*types)


def stream_of(event_type: str) -> str:
    """The stream that shows a row of RAW to its procedure, as an expression of SQL over its
    type."""
    others = {
        kind.event_type: kind.stream for kind in KINDS if kind.stream != STREAM_OF_THE_UNKNOWN
    }
    whens = " ".join(
        f"WHEN {event_type} = '{name}' THEN '{stream}'" for name, stream in others.items()
    )
    return f"CASE {whens} ELSE '{STREAM_OF_THE_UNKNOWN}' END"
