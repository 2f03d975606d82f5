"""The statements and the values that the pipeline uses: DML and its answers, JSON, times."""

import json
from datetime import datetime
from decimal import Decimal

from app.caves.doctor.assertion import Broken, Subject, expect
from app.caves.doctor.environment import Environment

STATEMENTS = Subject()
holds = STATEMENTS.holds
JSON_VALUES = Subject()
NONDETERMINISTIC = 100_090
# The ingester's default --batch-max-bytes.
BATCH_BYTES = 4 * 1024 * 1024
EVENT_BYTES = 1000


def _insert_first(environment: Environment) -> tuple[list[str], tuple[object, ...]]:
    good, bad = (
        environment.table("N NUMBER(10, 0)"),
        environment.table("N NUMBER(10, 0), WHY VARCHAR"),
    )
    answer = environment.ask(
        f"INSERT FIRST WHEN N > 1 THEN INTO {good} (N) VALUES (N)"
        f" ELSE INTO {bad} (N, WHY) VALUES (N, WHY)"
        " SELECT COLUMN1 AS N, 'small' AS WHY FROM VALUES (1), (2), (3)"
    )
    tables = [name.rpartition(".")[2] for name in (good, bad)]
    return [f"{name.lower()}" for name in tables], _by_table(answer.names, answer.rows[0], tables)


def _by_table(names: list[str], row: tuple[object, ...], tables: list[str]) -> tuple[object, ...]:
    found = []
    for table in tables:
        places = [i for i, name in enumerate(names) if name.strip('"').upper().endswith(table)]
        if len(places) != 1:
            raise Broken(f"{len(places)} columns of {names} end with the table's name")
        found.append(row[places[0]])
    return tuple(found)


@holds(
    "insert-first-columns",
    "sql-reference/sql/insert-multi-table",
    "RAW_TO_STAGING_* fail after their INSERT, and roll it back: procedures/appending.py reads the"
    " counts by these names",
)
def insert_first_columns(environment: Environment) -> str:
    """INSERT FIRST answers one row, with a column for each table that ends with its name."""
    _insert_first(environment)
    return "a column for each table"


@holds(
    "insert-first-counts",
    "sql-reference/sql/insert-multi-table",
    "the counts that RAW_TO_STAGING_* return are wrong",
)
def insert_first_counts(environment: Environment) -> str:
    """INSERT FIRST counts the rows of each table, and gives each row to one of them."""
    _, counts = _insert_first(environment)
    expect(tuple(map(int, map(str, counts))), (2, 1), "rows in the two tables")
    return "2 and 1"


@holds(
    "update-alias-from",
    "sql-reference/sql/update",
    "the ingester cannot move its offsets, and stops",
)
def update_alias_from(environment: Environment) -> str:
    """UPDATE takes an alias and a subquery in FROM that unpacks a bound JSON array."""
    table = environment.table("P NUMBER(10, 0), N NUMBER(19, 0)")
    environment.ask(
        f"INSERT INTO {table} SELECT COLUMN1, COLUMN2 FROM VALUES (0, 5), (1, 5), (2, 9)"
    )
    moves = [
        {"p": 0, "was": 5, "next": 7},
        {"p": 1, "was": 5, "next": 6},
        {"p": 2, "was": 5, "next": 6},
    ]
    answer = environment.ask(
        f"UPDATE {table} o SET N = n.NEXT, P = COALESCE(o.P, 0)"
        " FROM (SELECT f.VALUE:p::NUMBER AS P, f.VALUE:was::NUMBER AS WAS,"
        " f.VALUE:next::NUMBER AS NEXT"
        " FROM TABLE(FLATTEN(INPUT => PARSE_JSON(?))) f) n WHERE o.P = n.P AND o.N = n.WAS",
        json.dumps(moves),
    )
    expect(answer.rowcount, 2, "rowcount")
    rows = environment.ask(f"SELECT P, N FROM {table} ORDER BY P").rows
    expect([tuple(map(int, row)) for row in rows], [(0, 7), (1, 6), (2, 9)], "rows")
    return "2 of 3 rows, as expected"


@holds(
    "update-answer",
    "sql-reference/sql/update",
    "the fence of law 1 counts wrongly: the ingester takes the connector's rowcount of this answer",
)
def update_answer(environment: Environment) -> str:
    """UPDATE answers its number of rows first, and the connector takes it for the rowcount."""
    table = environment.table("N NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {table} SELECT COLUMN1 FROM VALUES (1), (2)")
    answer = environment.ask(f"UPDATE {table} SET N = N + 1")
    expect(answer.names[0].lower(), "number of rows updated", "first column")
    expect((int(answer.rows[0][0]), answer.rowcount), (2, 2), "rows, rowcount")
    none = environment.ask(f"UPDATE {table} SET N = 0 WHERE N = 99")
    expect((int(none.rows[0][0]), none.rowcount), (0, 0), "rows, rowcount of none")
    return "rows and rowcount are 2, then 0"


@holds(
    "insert-answer",
    "sql-reference/sql/insert",
    "the counts of inserted rows are wrong",
)
def insert_answer(environment: Environment) -> str:
    """INSERT answers the number of rows inserted."""
    table = environment.table("N NUMBER(10, 0)")
    answer = environment.ask(f"INSERT INTO {table} SELECT COLUMN1 FROM VALUES (1), (2)")
    expect([name.lower() for name in answer.names], ["number of rows inserted"], "columns")
    expect((int(answer.value), answer.rowcount), (2, 2), "rows, rowcount")
    return "2 rows"


@holds(
    "merge-answer",
    "sql-reference/sql/merge",
    "UPDATE_INCIDENTS and the procedures of hop 3 return wrong counts",
)
def merge_answer(environment: Environment) -> str:
    """MERGE answers rows inserted, then rows updated."""
    table = environment.table("K NUMBER(10, 0), V NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {table} SELECT 1, 1")
    answer = environment.ask(
        f"MERGE INTO {table} t USING (SELECT COLUMN1 AS K, COLUMN2 AS V FROM VALUES (1, 9), (2, 9),"
        " (3, 9)) s ON t.K = s.K WHEN MATCHED THEN UPDATE SET V = s.V"
        " WHEN NOT MATCHED THEN INSERT (K, V) VALUES (s.K, s.V)"
    )
    names = [name.lower() for name in answer.names]
    expect(names, ["number of rows inserted", "number of rows updated"], "columns")
    expect(tuple(map(int, answer.rows[0])), (2, 1), "counts")
    return "2 inserted, 1 updated"


@holds(
    "merge-is-deterministic",
    "sql-reference/sql/merge",
    "two events of one order in a batch could be merged in any order, unnoticed, should the"
    " transforms ever give out two",
)
def merge_is_deterministic(environment: Environment) -> str:
    """MERGE refuses two source rows for one target row."""
    table = environment.table("K NUMBER(10, 0), V NUMBER(10, 0)")
    environment.ask(f"INSERT INTO {table} SELECT 1, 1")
    errno = environment.session.refusal(
        f"MERGE INTO {table} t USING (SELECT COLUMN1 AS K, COLUMN2 AS V FROM VALUES (1, 8), (1, 9))"
        " s ON t.K = s.K WHEN MATCHED THEN UPDATE SET V = s.V"
    )
    expect(errno, NONDETERMINISTIC, "error")
    return f"error {errno}"


@holds(
    "delete-using",
    "sql-reference/sql/delete",
    "OPS.PURGE fails, and RAW grows for ever",
)
def delete_using(environment: Environment) -> str:
    """DELETE takes a subquery in USING that unpacks a bound JSON array."""
    table = environment.table("TOPIC VARCHAR, PLACE NUMBER(19, 0)")
    environment.ask(f"INSERT INTO {table} SELECT COLUMN1, COLUMN2 FROM VALUES ('t', 1), ('t', 2)")
    answer = environment.ask(
        f"DELETE FROM {table} USING"
        " (SELECT f.value[0]::VARCHAR AS T, f.value[1]::NUMBER(19, 0) AS P"
        " FROM (SELECT PARSE_JSON(?) AS CHOICE) AS c,"
        " LATERAL FLATTEN(INPUT => c.CHOICE:places) AS f) AS g WHERE TOPIC = g.T AND PLACE = g.P",
        json.dumps({"places": [["t", 2], ["t", 3]]}),
    )
    expect(int(answer.rows[0][0]), 1, "rows deleted")
    return "1 row"


@JSON_VALUES.holds(
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


@JSON_VALUES.holds(
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


@JSON_VALUES.holds(
    "json-null-is-no-null",
    "user-guide/semistructured-considerations",
    "a missing field and one that is null are confused with each other, or with a value",
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


@JSON_VALUES.holds(
    "offsets-become-utc",
    "sql-reference/functions/convert_timezone",
    "days and latencies are wrong by the offset of the shop's clock",
)
def offsets_become_utc(environment: Environment) -> str:
    """A time with an offset is converted to UTC, in any session TIMEZONE."""
    with environment.open() as session:
        session.ask("ALTER SESSION SET TIMEZONE = 'America/Los_Angeles'")
        answer = session.ask(
            "SELECT CONVERT_TIMEZONE('UTC', TRY_TO_TIMESTAMP_TZ(?))::TIMESTAMP_NTZ",
            "2026-11-23T00:15:00.5+01:00",
        )
    expect(answer.value, datetime(2026, 11, 22, 23, 15, 0, 500_000), "moment")
    return "23:15:00.5 UTC"


@JSON_VALUES.holds(
    "try-parse-json-says-null",
    "sql-reference/functions/try_parse_json",
    "one broken payload stops every retry of rejected events",
)
def try_parse_json_says_null(environment: Environment) -> str:
    """TRY_PARSE_JSON of a text that is no JSON is NULL, and no error."""
    answer = environment.ask("SELECT TRY_PARSE_JSON(?) IS NULL", '{"a": ')
    expect(answer.value, True, "is NULL")
    return "NULL"


@JSON_VALUES.holds(
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
