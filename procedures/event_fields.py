"""Reads and judges the fields of an event's JSON.

Everything works in three steps, each a projection of its own:
1. `read_events` turns the paths into plain text columns, and their JSON types where those matter
   (a VARIANT path has to be projected before it can be filtered on);
2. `Number.value` and `utc_timestamp` give each text its one exact reading, or NULL;
3. the rules (`bad_…`) hold text and reading against each other.

No rule ever rounds, truncates or guesses: a field either has exactly one reading, or it is faulty.
A rule's result is NULL, or `<field> <rule>: <value>`, so that reasons can be counted by their part
before the colon.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import (
    DecimalType,
    StringType,
    TimestampTimeZone,
    TimestampType,
)

UTC_TIMESTAMP = TimestampType(TimestampTimeZone.NTZ)
LAST_DAY = date(9999, 12, 31)
VALUE_LENGTH_IN_REASON = 100

# TYPEOF says DOUBLE for exponent forms and for numbers beyond 38 digits: Snowflake keeps those as
# binary floats, so their decimals are no longer the event's own.
EXACT_NUMBER_KINDS = ("INTEGER", "DECIMAL", "VARCHAR")
ID_KINDS = ("VARCHAR", "INTEGER", "DECIMAL", "DOUBLE")

DAY_AND_TIME = (
    "[1-9][0-9]{3}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
)
ISO_TIMESTAMP = DAY_AND_TIME + "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?"
USUAL_TIMESTAMP = DAY_AND_TIME + "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"


@dataclass(frozen=True)
class Field:
    """A field of an event, under its name and the names that earlier producers gave it."""

    name: str
    synonyms: tuple[str, ...] = ()
    with_kind: bool = False

    @property
    def text(self) -> Column:
        """The value as text; NULL where it is missing or JSON null."""
        return F.col(f"{self.name.upper()}_TEXT")

    @property
    def kind(self) -> Column:
        """The value's JSON type as TYPEOF names it, if the field is read `with_kind`."""
        return F.col(f"{self.name.upper()}_KIND")

    def read(self, event: Column) -> list[Column]:
        """The projections that `text` and `kind` refer to, both taken from the same name."""
        paths = [event[name] for name in (self.name, *self.synonyms)]
        text, kind = paths[-1].cast(StringType()), F.typeof(paths[-1])
        for path in reversed(paths[:-1]):
            own = path.cast(StringType())
            kind = F.when(own.is_null(), kind).otherwise(F.typeof(path))
            text = F.coalesce(own, text)
        columns = [text.alias(f"{self.name.upper()}_TEXT")]
        if self.with_kind:
            columns.append(kind.alias(f"{self.name.upper()}_KIND"))
        return columns


@dataclass(frozen=True)
class Number:
    """What a number has to look like to fit its column without any change."""

    precision: int
    scale: int

    @property
    def pattern(self) -> str:
        """A sign, digits that fit, and beyond the scale nothing but zeros."""
        whole = f"[+-]?[0-9]{{1,{self.precision - self.scale}}}"
        decimals = f"[0-9]{{1,{self.scale}}}0{{0,8}}" if self.scale else "0{1,8}"
        return f"{whole}([.]{decimals})?"

    @property
    def wanted(self) -> str:
        if self.scale:
            return f"a number of at most {self.precision} digits, {self.scale} of them decimals"
        return f"a whole number of at most {self.precision} digits"

    def value(self, field: Field) -> Column:
        """The field's number; NULL where it has none that is exact."""
        exact = field.kind.in_(*EXACT_NUMBER_KINDS) & matches(field.text, self.pattern)
        return self.cast(F.when(exact, field.text).cast(StringType()))

    def cast(self, text: Column) -> Column:
        """The text as this number, NULL where it is too long; TRY_CAST, because an engine may
        cast before it looks at the conditions around."""
        return F.try_cast(text, DecimalType(self.precision, self.scale))


BOTTLES = Number(10, 0)
PRICE = Number(10, 2)
AMOUNT = Number(12, 2)


def utc_timestamp(field: Field) -> Column:
    """The moment in UTC; NULL where the text is no timestamp; without an offset it is UTC.

    The offset is written out in full before the cast, because the engine would read a timestamp
    without one in the session's time zone: Z, +02 and none first become +02 and +00, then zeros
    are added behind, and of +0200, +05:3000 the offset's four digits are kept. Most producers
    write Z or the whole offset: those need none of it.
    """
    plain = F.replace(F.upper(field.text), F.lit(","), F.lit("."))
    zoned = replace_pattern(F.replace(plain, F.lit("Z"), F.lit("+00")), "([T ][0-9:.]+)$", "+00")
    padded = F.concat(zoned, F.lit("00"))
    complete = replace_pattern(padded, "([+-][0-9]{2}):?([0-9]{2})(00)?$", ":\\2")
    usual = F.replace(plain, F.lit("Z"), F.lit("+00:00"))
    moment = F.when(matches(plain, USUAL_TIMESTAMP), usual).when(
        matches(plain, ISO_TIMESTAMP), complete
    )
    in_zone = F.try_cast(moment.cast(StringType()), TimestampType(TimestampTimeZone.TZ))
    return F.convert_timezone(F.lit("UTC"), in_zone).cast(UTC_TIMESTAMP)


def replace_pattern(text: Column, pattern: str, behind_first_group: str) -> Column:
    """The text with the pattern's match replaced by its first group and what goes behind it."""
    replacement = F.lit("\\1" + behind_first_group)
    return F.call_function("REGEXP_REPLACE", text, F.lit(pattern), replacement)


def utc_now() -> Column:
    """The statement's time, in UTC whatever the session's time zone."""
    return F.convert_timezone(F.lit("UTC"), F.current_timestamp()).cast(UTC_TIMESTAMP)


def matches(text: Column, pattern: str) -> Column:
    """Whether the whole text has the pattern; False, never NULL, for NULL."""
    return F.coalesce(text, F.lit("")).rlike(F.lit(pattern))


def missing(field: Field) -> Column:
    """Missing, JSON null and a blank text are the same to the shop."""
    return F.trim(F.coalesce(field.text, F.lit(""))) == F.lit("")


def fault(field: Field, rule: str, value: Column | None = None) -> Column:
    """The reason, with the start of the value; where there is none, that it is missing."""
    shown = F.substring(field.text if value is None else value, 1, VALUE_LENGTH_IN_REASON)
    return F.coalesce(
        F.concat(F.lit(f"{field.name} {rule}: "), shown), F.lit(f"{field.name} is missing")
    )


def bad_id(field: Field) -> Column:
    return F.when(id_value(field).is_null(), fault(field, "is not an id"))


def bad_optional_id(field: Field) -> Column:
    return F.when(~missing(field) & id_value(field).is_null(), fault(field, "is not an id"))


def id_value(field: Field) -> Column:
    """The id as text, numbers included; NULL for anything else, and for a blank text."""
    return F.when(field.kind.in_(*ID_KINDS) & ~missing(field), field.text)


def bad_text(field: Field) -> Column:
    return F.when(missing(field), fault(field, "is blank"))


def bad_number(field: Field, number: Number, value: Column) -> Column:
    return F.when(value.is_null(), fault(field, f"is not {number.wanted}"))


def bad_optional_number(field: Field, number: Number, value: Column) -> Column:
    return F.when(~missing(field) & value.is_null(), fault(field, f"is not {number.wanted}"))


def bad_timestamp(field: Field, moment: Column) -> Column:
    """moment: what `utc_timestamp` made of the field. An offset can move it beyond the year 9999,
    where Snowflake's range ends, and most clients' too (D/sql-reference/data-types-datetime)."""
    beyond = F.to_date(moment) > F.lit(LAST_DAY)
    return F.when(moment.is_null() | beyond, fault(field, "is not an ISO 8601 timestamp"))


ENVELOPE = (
    "EVENT_TYPE",
    "EVENT_DATA",
    "INGESTION_TIMESTAMP",
    "KAFKA_TOPIC",
    "KAFKA_PARTITION",
    "KAFKA_OFFSET",
)


def read_events(raw: DataFrame, fields: Iterable[Field]) -> DataFrame:
    """RAW rows, with the given fields of their events as plain columns beside the envelope."""
    event = F.col("EVENT_DATA")
    reads = [column for field in fields for column in field.read(event)]
    return raw.select(F.col("EVENT_ID"), *(F.col(name) for name in ENVELOPE), *reads)


def event_identity(*candidates: Column) -> Column:
    """The event's id: the envelope's, else the first candidate that is not empty, else its place
    in Kafka, which nothing else can have."""
    place = F.concat(
        F.col("KAFKA_TOPIC"),
        F.lit("-"),
        F.col("KAFKA_PARTITION").cast(StringType()),
        F.lit("-"),
        F.col("KAFKA_OFFSET").cast(StringType()),
    )
    given = [
        F.when(F.trim(F.coalesce(id_, F.lit(""))) != F.lit(""), id_)
        for id_ in (F.col("EVENT_ID"), *candidates)
    ]
    return F.coalesce(*given, place).cast(StringType())
