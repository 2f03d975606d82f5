"""Reads and judges the fields of an event's JSON.

Everything works in three steps, each a projection of its own:
1. `read_events` turns the paths into plain text columns, and their JSON types where those matter,
   for ids (a VARIANT path has to be projected before it can be filtered on);
2. `with_plain_numbers` writes numbers plainly, `Number.value` and `utc_timestamp` give each text
   its one exact reading, or NULL;
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
TIMESTAMP = "an ISO 8601 timestamp of the years 1970 to 2261"
TOO_LATE = "is in the future by more than max_event_future_seconds"
FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2261, 12, 31)

USUAL_NUMBER = "[+-]?[0-9]{1,8}([.][0-9]{1,2})?"
# What REGEXP_REPLACE takes the zeros at the end of decimals away with.
WITHOUT_ZEROS = ("([.][0-9]*[1-9])0+$|[.]0+$", "\\1")
WRITTEN_NUMBER = "[+-]?[0-9]+([.][0-9]+)?([eE][+-]?0*[0-9]{1,3})?"


@dataclass(frozen=True)
class Field:
    """A field of an event, under its name and the names that earlier producers gave it."""

    name: str
    synonyms: tuple[str, ...] = ()
    with_kind: bool = False

    @property
    def column(self) -> str:
        return f"{self.name.upper()}_TEXT"

    @property
    def text(self) -> Column:
        """The value as text; NULL where it is missing or JSON null."""
        return F.col(self.column)

    @property
    def plain(self) -> Column:
        """The text of a number, made plain by `with_plain_numbers`."""
        return F.col(f"{self.name.upper()}_PLAIN")

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
        columns = [text.alias(self.column)]
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
        """A sign, and digits that fit, of a plain number."""
        decimals = f"[0-9]{{1,{self.scale}}}" if self.scale else "0{1,2}"
        return f"[+-]?[0-9]{{1,{self.precision - self.scale}}}([.]{decimals})?"

    @property
    def wanted(self) -> str:
        if self.scale:
            return f"a number of at most {self.precision} digits, {self.scale} of them decimals"
        return f"a whole number of at most {self.precision} digits"

    def value(self, field: Field) -> Column:
        """The field's number, of its plain text; NULL where it has none that is exact."""
        exact = F.when(matches(field.plain, self.pattern), field.plain)
        return self.cast(exact.cast(StringType()))

    def cast(self, text: Column) -> Column:
        """The text as this number, NULL where it is too long; TRY_CAST, because an engine may
        cast before it looks at the conditions around."""
        return F.try_cast(text, DecimalType(self.precision, self.scale))


def with_plain_numbers(events: DataFrame, fields: Iterable[Field]) -> DataFrame:
    """The events with each field's `plain` text: of a number what it is without an exponent, and
    without zeros that it does not need. -1.5E2 is -150, and 007.100 is 7.1.

    No number type has room for every step between, so it is done with the digits themselves: all of
    them, with enough zeros on either side, are cut in two where the point belongs. It takes three
    projections, and nearly all numbers pass them as they are.
    """
    fields = tuple(fields)
    own = [F.col(name) for name in events.columns]
    digits = [column for field in fields for column in _digits(field)]
    pointed = [_pointed(field).alias(f"{field.name.upper()}_POINTED") for field in fields]
    plain = [_plain(field).alias(f"{field.name.upper()}_PLAIN") for field in fields]
    return events.select(*own, *digits).select(*own, *pointed).select(*own, *plain)


def _digits(field: Field) -> list[Column]:
    """Its digits, and how many of them are before the point; none where the text needs
    nothing."""
    text = F.coalesce(field.text, F.lit(""))
    is_awkward = ~matches(text, USUAL_NUMBER) & matches(text, WRITTEN_NUMBER)
    digits = replaced(text, "[eE].*$|[^0-9]", "")
    before = F.length(replaced(text, "[.eE].*$|[^0-9]", ""))
    exponent = F.try_cast(replaced(text, "^[^eE]*[eE]?[+]?", ""), DecimalType(5, 0))
    point = before + F.coalesce(exponent, F.lit(0))
    name = field.name.upper()
    return [
        F.when(is_awkward, digits).otherwise(F.lit("")).alias(f"{name}_DIGITS"),
        F.when(is_awkward, point).otherwise(F.lit(0)).alias(f"{name}_POINT"),
    ]


def _pointed(field: Field) -> Column:
    """The number with its point where it belongs, and a zero at least on either side."""
    digits, point = (F.col(f"{field.name.upper()}_{what}") for what in ("DIGITS", "POINT"))
    text = F.coalesce(field.text, F.lit(""))
    sign = F.when(F.substring(text, 1, 1) == F.lit("-"), F.lit("-")).otherwise(F.lit(""))
    room = F.lit(1) - F.least(point, F.lit(1))
    padded = F.concat(
        F.repeat(F.lit("0"), room),
        digits,
        F.repeat(F.lit("0"), F.greatest(point - F.length(digits), F.lit(0))),
    )
    whole = F.substring(padded, F.lit(1), point + room)
    decimals = F.substring(padded, point + room + F.lit(1), F.length(padded))
    pointed = F.concat(sign, whole, F.lit("."), decimals, F.lit("0"))
    return F.when(digits != F.lit(""), pointed).otherwise(F.lit(""))


def _plain(field: Field) -> Column:
    pointed = F.col(f"{field.name.upper()}_POINTED")
    short = replaced(replaced(pointed, "^(-?)0+([0-9])", "\\1\\2"), *WITHOUT_ZEROS)
    return F.when(pointed == F.lit(""), field.text).otherwise(short)


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
    return F.when(field.kind.in_(*ID_KINDS) & ~missing(field), id_text(field))


def id_text(field: Field) -> Column:
    """A text as it is, and a number as whole as it can be: 7.0 and 7 are one id, and -0 is 0."""
    number = replaced(replaced(field.text, *WITHOUT_ZEROS), "^-0$", "0")
    return F.when(field.kind.in_(*NUMBER_KINDS), number).otherwise(field.text)


def bad_text(field: Field) -> Column:
    return F.when(missing(field), fault(field, "is blank"))


def bad_number(field: Field, number: Number, value: Column) -> Column:
    return F.when(value.is_null(), fault(field, f"is not {number.wanted}"))


def bad_optional_number(field: Field, number: Number, value: Column) -> Column:
    return F.when(~missing(field) & value.is_null(), fault(field, f"is not {number.wanted}"))


def bad_timestamp(field: Field, moment: Column) -> Column:
    """moment: what `utc_timestamp` made of the field. A clock that is far ahead would decide for as
    long, since the latest event wins: it may say LATEST_MOMENT at most, if there is one."""
    day = F.to_date(moment)
    beyond = (day < F.lit(FIRST_DAY)) | (day > F.lit(LAST_DAY))
    return F.when(moment.is_null() | beyond, fault(field, f"is not {TIMESTAMP}")).when(
        moment > F.col("LATEST_MOMENT"), fault(field, TOO_LATE)
    )


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
    envelope = (F.col(name) for name in ("EVENT_ID", *ENVELOPE, "LATEST_MOMENT"))
    return raw.select(*envelope, *reads)


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
