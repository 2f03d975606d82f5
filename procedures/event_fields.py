"""Reads and judges the fields of an event's JSON.

Everything works in three steps, each a projection of its own:
1. `read_events` turns the paths into plain text columns, and their JSON types where those matter,
   for ids (a VARIANT path has to be projected before it can be filtered on);
2. `with_values` gives each text its one exact reading, or NULL;
3. the faults hold text and reading against each other.

No rule ever rounds, truncates or guesses: a field either has exactly one reading, or it is faulty.
A fault is NULL, or `<field> <rule>: <value>`, so that reasons can be counted by their part
before the colon.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple, Protocol

from snowflake.snowpark import Column, DataFrame
from snowflake.snowpark import functions as F
from snowflake.snowpark.types import (
    DecimalType,
    DoubleType,
    StringType,
    TimestampTimeZone,
    TimestampType,
)

UTC_TIMESTAMP = TimestampType(TimestampTimeZone.NTZ)
VALUE_LENGTH_IN_REASON = 100

ID_KINDS = ("VARCHAR", "INTEGER", "DECIMAL", "DOUBLE")
NUMBER_KINDS = ("INTEGER", "DECIMAL", "DOUBLE")

# The grammars of docs/events.md: of a timestamp, as the ingester has it, and of a number. The years
# keep both engines and all time zones away from the ends of their ranges.
YEAR = "(1969|19[7-9][0-9]|2[01][0-9]{2}|22[0-5][0-9]|226[0-2])"
DAY_AND_TIME = (
    YEAR + "-[0-9]{2}-[0-9]{2}[T ]([01][0-9]|2[0-3]):[0-5][0-9](:[0-5][0-9]([.][0-9]{1,9})?)?"
)
ISO_TIMESTAMP = DAY_AND_TIME + "(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)?"
USUAL_TIMESTAMP = DAY_AND_TIME + "(Z|[+-](0[0-9]|1[0-4]):[0-5][0-9])"
TOO_LATE = "is in the future by more than max_event_future_seconds"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2261, 12, 31)

# What REGEXP_REPLACE takes the zeros at the end of decimals away with.
WITHOUT_ZEROS = ("([.][0-9]*[1-9])0+$|[.]0+$", "\\1")
WRITTEN_NUMBER = "[+-]?[0-9]+([.][0-9]+)?([eE][+-]?0*[0-9]{1,3})?"


class Type(Protocol):
    """How a value is read, and what a column has to be to keep it."""

    @property
    def sql(self) -> str:
        """The column's type."""

    @property
    def with_kind(self) -> bool:
        """Does the reading depend on the value's JSON type?"""

    @property
    def wanted(self) -> str:
        """What a good value is, in words."""

    def value(self, field: Field) -> Column:
        """The one exact reading of the field's text; NULL where it has none."""

    def fault(self, field: Field) -> Column | None:
        """The reason against the field's text or its `value`, NULL for a good one; None where any
        text is good."""


class Rule(NamedTuple):
    """What must hold of a value besides, in words, and the reason where it does not."""

    words: str
    fault: Callable[[Field], Column]


class Default(NamedTuple):
    """What a column has where the event says nothing, in words, and as a function of the value."""

    words: str
    fill: Callable[[Column], Column]


@dataclass(frozen=True)
class Field:
    """A field of an event, under its name and the names that earlier producers gave it; its column
    in STAGING and beyond has the same name."""

    name: str
    type: Type
    synonyms: tuple[str, ...] = ()
    required: bool = False
    rules: tuple[Rule, ...] = ()
    default: Default | None = None

    @property
    def column(self) -> str:
        return self.name.upper()

    @property
    def text(self) -> Column:
        """The value as text; NULL where it is missing or JSON null."""
        return F.col(self.column + "_TEXT")

    @property
    def kind(self) -> Column:
        """The value's JSON type as TYPEOF names it, of an id."""
        return F.col(self.column + "_KIND")

    @property
    def rounded(self) -> Column:
        """A number's text, rounded; where `with_values` has put it."""
        return F.col(self.column + "_ROUNDED")

    @property
    def value(self) -> Column:
        """The text's one exact reading, where `with_values` has put it."""
        return F.col(self.column + "_VALUE")

    def read(self, event: Column) -> list[Column]:
        """The projections that `text` and `kind` refer to, both taken from the same name."""
        paths = [event[name] for name in (self.name, *self.synonyms)]
        text, kind = paths[-1].cast(StringType()), F.typeof(paths[-1])
        for path in reversed(paths[:-1]):
            own = path.cast(StringType())
            kind = F.when(own.is_null(), kind).otherwise(F.typeof(path))
            text = F.coalesce(own, text)
        columns = [text.alias(self.column + "_TEXT")]
        if self.type.with_kind:
            columns.append(kind.alias(self.column + "_KIND"))
        return columns

    def faults(self) -> list[Column]:
        """The reasons against the field's `value`, each NULL where its rule is kept."""
        own = self.type.fault(self)
        return [*([] if own is None else [own]), *(rule.fault(self) for rule in self.rules)]


@dataclass(frozen=True)
class Id:
    """Any text, or a number as its text."""

    sql = "VARCHAR"
    with_kind = True
    wanted = "an id"

    def value(self, field: Field) -> Column:
        return F.when(field.kind.in_(*ID_KINDS) & ~missing(field), id_text(field))

    def fault(self, field: Field) -> Column:
        return unless_missing(field, F.when(field.value.is_null(), fault(field, "is not an id")))


@dataclass(frozen=True)
class Text:
    """What is there, as text."""

    sql = "VARCHAR"
    with_kind = False
    wanted = "a text"

    def value(self, field: Field) -> Column:
        return field.text

    def fault(self, field: Field) -> Column | None:
        return F.when(missing(field), fault(field, "is blank")) if field.required else None


@dataclass(frozen=True)
class Moment:
    """A timestamp, in UTC.

    A clock that is far ahead would decide for as long, since the latest event wins: it may say
    LATEST_MOMENT at most, if there is one.
    """

    sql = "TIMESTAMP_NTZ"
    with_kind = False
    wanted = "an ISO 8601 timestamp of the years 1970 to 2261"

    def value(self, field: Field) -> Column:
        return utc_timestamp(field)

    def fault(self, field: Field) -> Column:
        day = F.to_date(field.value)
        beyond = (day < F.lit(FIRST_DAY)) | (day > F.lit(LAST_DAY))
        unread = field.value.is_null() | beyond
        return F.when(unread, fault(field, f"is not {self.wanted}")).when(
            field.value > F.col("LATEST_MOMENT"), fault(field, TOO_LATE)
        )


@dataclass(frozen=True)
class Number:
    """A number that fits its column without any change."""

    precision: int
    scale: int
    with_kind = False

    @property
    def sql(self) -> str:
        return f"NUMBER({self.precision}, {self.scale})"

    @property
    def pattern(self) -> str:
        """A sign, and digits that fit, of a plain number."""
        decimals = f"[0-9]{{1,{self.scale}}}" if self.scale else "0{1,2}"
        return f"[+-]?[0-9]{{1,{self.precision - self.scale}}}([.]{decimals})?"

    @property
    def wanted(self) -> str:
        if self.scale:
            return f"a number of at most {self.precision} digits, {self.scale} of them decimals"
        return f"a whole number of at most {self.precision} digits"

    def value(self, field: Field) -> Column:
        """Nearly all numbers are of the pattern. The others (1.5E+2, 007.100) are what a binary
        float rounds to, if that has the same digits: within half a unit of the last decimal no
        other number has.
        """
        text, rounded = F.coalesce(field.text, F.lit("")), field.rounded
        same = matches(text, WRITTEN_NUMBER) & (digits(text) == digits(rounded))
        fits = matches(rounded, self.pattern)
        exact = F.when(matches(text, self.pattern), text).when(same & fits, rounded)
        return self.cast(exact.cast(StringType()))

    def round(self, field: Field) -> Column:
        """The text as a binary float, and as much of that as the column keeps."""
        limit = F.lit(10.0**self.precision)
        number = F.try_cast(field.text, DoubleType())
        inside = F.least(F.greatest(number, -limit), limit)
        return inside.cast(DecimalType(38, self.scale)).cast(StringType())

    def cast(self, text: Column) -> Column:
        """The text as this number, NULL where it is too long; TRY_CAST, because an engine may
        cast before it looks at the conditions around."""
        return F.try_cast(text, DecimalType(self.precision, self.scale))

    def fault(self, field: Field) -> Column:
        is_none = F.when(field.value.is_null(), fault(field, f"is not {self.wanted}"))
        return unless_missing(field, is_none)


ID, TEXT, MOMENT = Id(), Text(), Moment()
BOTTLES = Number(10, 0)
PRICE = Number(10, 2)
AMOUNT = Number(12, 2)


def unless_missing(field: Field, found: Column) -> Column:
    """The fault that was found; of an optional field only where it says something."""
    return found if field.required else F.when(~missing(field), found)


def digits(number: Column) -> Column:
    """Those that count, of a written number: 15 of -0.150E+3."""
    return replaced(replaced(number, "[eE].*$|[^0-9]", ""), "^0+|0+$", "")


def utc_timestamp(field: Field) -> Column:
    """The moment in UTC; NULL where the text is no timestamp; without an offset it is UTC.

    The offset is written out in full before the cast, because the engine would read a timestamp
    without one in the session's time zone: Z, +02 and none first become +02 and +00, then zeros
    are added behind, and of +0200, +05:3000 the offset's four digits are kept. Most producers
    write Z or the whole offset: those need none of it.
    """
    plain = F.replace(F.upper(field.text), F.lit(","), F.lit("."))
    zoned = replaced(F.replace(plain, F.lit("Z"), F.lit("+00")), "([T ][0-9:.]+)$", "\\1+00")
    padded = F.concat(zoned, F.lit("00"))
    complete = replaced(padded, "([+-][0-9]{2}):?([0-9]{2})(00)?$", "\\1:\\2")
    usual = F.replace(plain, F.lit("Z"), F.lit("+00:00"))
    moment = F.when(matches(plain, USUAL_TIMESTAMP), usual).when(
        matches(plain, ISO_TIMESTAMP), complete
    )
    in_zone = F.try_cast(moment.cast(StringType()), TimestampType(TimestampTimeZone.TZ))
    return F.convert_timezone(F.lit("UTC"), in_zone).cast(UTC_TIMESTAMP)


def replaced(text: Column, pattern: str, replacement: str) -> Column:
    """The text with each match of the pattern replaced; \\1 is the match's first group."""
    return F.call_function("REGEXP_REPLACE", text, F.lit(pattern), F.lit(replacement))


def utc_now() -> Column:
    """The statement's time, in UTC whatever the session's time zone."""
    return F.convert_timezone(F.lit("UTC"), F.current_timestamp()).cast(UTC_TIMESTAMP)


def matches(text: Column, pattern: str) -> Column:
    """Whether the whole text has the pattern; False, never NULL, for NULL."""
    return F.coalesce(text, F.lit("")).rlike(F.lit(pattern))


def missing(field: Field) -> Column:
    """Missing, JSON null and a blank text are the same to the shop."""
    return is_blank(field.text)


def is_blank(text: Column) -> Column:
    return F.trim(F.coalesce(text, F.lit(""))) == F.lit("")


def fault(field: Field, rule: str, value: Column | None = None) -> Column:
    """The reason, with the start of the value, or that the value is missing."""
    shown = F.substring(field.text if value is None else value, 1, VALUE_LENGTH_IN_REASON)
    return F.coalesce(
        F.concat(F.lit(f"{field.name} {rule}: "), shown), F.lit(f"{field.name} is missing")
    )


def id_text(field: Field) -> Column:
    """A text as it is, and a number as whole as it can be: 7.0 and 7 are one id, and -0 is 0."""
    number = replaced(replaced(field.text, *WITHOUT_ZEROS), "^-0$", "0")
    return F.when(field.kind.in_(*NUMBER_KINDS), number).otherwise(field.text)


ENVELOPE = (
    "EVENT_TYPE",
    "EVENT_DATA",
    "INGESTION_TIMESTAMP",
    "KAFKA_TOPIC",
    "KAFKA_PARTITION",
    "KAFKA_OFFSET",
)


def read_events(raw: DataFrame, fields: Iterable[Field]) -> DataFrame:
    """RAW rows with their LATEST_MOMENT, the given fields of their events as plain columns beside
    the envelope."""
    event = F.col("EVENT_DATA")
    reads = [column for field in fields for column in field.read(event)]
    return raw.select("EVENT_ID", *ENVELOPE, "KAFKA_METADATA", "LATEST_MOMENT", *reads)


def with_values(events: DataFrame, fields: Iterable[Field]) -> DataFrame:
    """The events with each field's `value` beside its text."""
    fields = tuple(fields)
    own = events.columns
    rounded = [
        each.type.round(each).alias(f"{each.column}_ROUNDED")
        for each in fields
        if isinstance(each.type, Number)
    ]
    values = (each.type.value(each).alias(f"{each.column}_VALUE") for each in fields)
    return events.select(*own, *rounded).select(*own, *values)


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
    given = [F.when(~is_blank(id_), id_) for id_ in (F.col("EVENT_ID"), *candidates)]
    return F.coalesce(*given, place).cast(StringType())
