"""How JSON and times are read."""

import json
from datetime import datetime
from decimal import Decimal

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment

JSON_VALUES = Subject()
holds = JSON_VALUES.holds
# The ingester's default --batch-max-bytes.
BATCH_BYTES = 4 * 1024 * 1024
EVENT_BYTES = 1000


@holds(
    "bind-of-4-mib",
    "user-guide/query-size-limits",
    "large batches are refused: start the ingester with a smaller --batch-max-bytes",
)
def bind_of_4_mib(environment: Environment) -> str:
    """One bound text of 4 MiB is parsed and unpacked: a full batch of the ingester."""
    table = environment.table("V VARIANT")
    event = {"message": json.dumps({"text": "é" * (EVENT_BYTES // 2)}, ensure_ascii=False)}
    one = len(json.dumps(event, ensure_ascii=False).encode())
    count = BATCH_BYTES // (one + 1)
    text = json.dumps([event] * count, ensure_ascii=False)
    answer = environment.ask(
        f"INSERT INTO {table} SELECT PARSE_JSON(f.VALUE:message::VARCHAR)"
        " FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f",
        text,
    )
    expect(answer.rowcount, count, "rows")
    return f"{len(text.encode()) / 1024 / 1024:.1f} MiB, {count} rows"


@holds(
    "decimals-stay-exact",
    "sql-reference/functions/parse_json",
    "prices lose cents: 19.90 would be the nearest binary fraction",
)
def decimals_stay_exact(environment: Environment) -> str:
    """PARSE_JSON reads 19.90 as a fixed-point number, whose text and cast are exact."""
    answer = environment.ask(
        "SELECT TYPEOF(v:p), v:p::NUMBER(10, 2), v:p::VARCHAR FROM (SELECT PARSE_JSON(?) AS v)",
        '{"p": 19.90}',
    )
    [(kind, number, text)] = answer.rows
    expect((kind, number), ("DECIMAL", Decimal("19.90")), "type and value")
    expect(Decimal(text), Decimal("19.9"), "text")
    return f"{kind} {text}"


@holds(
    "json-null-is-no-null",
    "user-guide/semistructured-considerations",
    "a missing field and one that is null are not told apart, or taken for a value",
)
def json_null_is_no_null(environment: Environment) -> str:
    """A JSON null is a value until it is cast; a missing key is NULL."""
    answer = environment.ask(
        "SELECT v:a IS NULL, v:a::VARCHAR IS NULL, v:b IS NULL, IS_NULL_VALUE(v:a)"
        " FROM (SELECT PARSE_JSON(?) AS v)",
        '{"a": null}',
    )
    expect(answer.rows, [(False, True, True, True)], "answers")
    return "as documented"


@holds(
    "offsets-become-utc",
    "sql-reference/functions/convert_timezone",
    "days and latencies are wrong by the offset of the shop's clock",
)
def offsets_become_utc(environment: Environment) -> str:
    """A time with an offset is converted to UTC, whatever the session's TIMEZONE."""
    with environment.open() as session:
        session.ask("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'")
        answer = session.ask(
            "SELECT CONVERT_TIMEZONE('UTC', TRY_TO_TIMESTAMP_TZ(?))::TIMESTAMP_NTZ",
            "2026-11-23T00:15:00.5+01:00",
        )
    expect(answer.value, datetime(2026, 11, 22, 23, 15, 0, 500_000), "moment")
    return "23:15:00.5 UTC"


@holds(
    "try-parse-json-says-null",
    "sql-reference/functions/try_parse_json",
    "one broken payload stops every retry of rejected events",
)
def try_parse_json_says_null(environment: Environment) -> str:
    """TRY_PARSE_JSON of a text that is no JSON is NULL, and no error."""
    answer = environment.ask("SELECT TRY_PARSE_JSON(?) IS NULL", '{"a": ')
    expect(answer.value, True, "is NULL")
    return "NULL"


@holds(
    "bad-json-is-a-data-error",
    "sql-reference/functions/parse_json",
    "the ingester takes a refused row for a fault of its own and stops, and halves no batch",
)
def bad_json_is_a_data_error(environment: Environment) -> str:
    """PARSE_JSON of what is no JSON fails with a number from 100000 on: a data error."""
    table = environment.table("V VARIANT")
    errno = environment.session.refusal(f"INSERT INTO {table} SELECT PARSE_JSON(?)", '{"a": ')
    if errno is None or not 100_000 <= errno < 101_000:
        raise Broken(f"error {errno}")
    return f"error {errno}"
