"""A transaction that goes through several of the engine's leaves what one would have left.

Random statements run twice: in one transaction, between failing statements and what another
session commits meanwhile; and one after the other on tables of their own. Tables and streams agree.
"""

import random
from collections.abc import Iterator
from typing import Any

import pytest
from flocon.account import Account
from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.session import dml
from flocon.session.context import Context
from flocon.session.session import Session

_STATEMENTS = (
    "INSERT INTO {t} VALUES ({a}, '{v}'), ({b}, NULL), ({a}, '{v}')",
    "INSERT INTO {t} SELECT n + 1, s FROM {u} WHERE n < {b}",
    "UPDATE {t} SET n = n + {a} WHERE s = '{v}' OR s IS NULL",
    "UPDATE {t} SET s = x.s FROM (SELECT n, max(s) AS s FROM {u} GROUP BY n) x WHERE x.n = {t}.n",
    "DELETE FROM {t} WHERE n = {a}",
    "DELETE FROM {t} WHERE n IN (SELECT n FROM {u} WHERE s = '{v}')",
    "MERGE INTO {t} USING (SELECT n, min(s) AS s FROM {u} GROUP BY n) x ON {t}.n = x.n"
    " WHEN MATCHED AND x.n = {b} THEN DELETE WHEN MATCHED THEN UPDATE SET s = x.s || '!'"
    " WHEN NOT MATCHED THEN INSERT VALUES (x.n, x.s)",
    "MERGE INTO {t} USING (SELECT n, min(s) AS s FROM {u} GROUP BY n) x ON {t}.n = x.n"
    " WHEN MATCHED AND {t}.s <> '{v}' THEN UPDATE SET s = x.s || '?', n = {t}.n + {a}"
    " WHEN NOT MATCHED AND x.n <> {b} THEN INSERT VALUES (x.n, x.s)",
    "MERGE INTO {t} USING {u} ON {t}.n = {u}.n WHEN MATCHED AND {u}.s = '{v}' THEN DELETE"
    " WHEN NOT MATCHED THEN INSERT (n) VALUES ({u}.n + {a})",
    "INSERT OVERWRITE INTO {t} SELECT n, s FROM {t} WHERE n <> {a}",
    "TRUNCATE TABLE {t}",
    "INSERT ALL WHEN n > {a} THEN INTO {t} INTO {u} (s, n) VALUES (s, {b}) WHEN s = '{v}' THEN"
    " INTO {t} ELSE INTO {t} (n) VALUES (n) SELECT DISTINCT n, s FROM {u}",
    "INSERT OVERWRITE FIRST WHEN n = {a} THEN INTO {t} ELSE INTO {u} SELECT n, s FROM {u}",
)
_FAILING = (
    "UPDATE {t} SET n = 1 / (n - n)",
    "INSERT INTO {t} SELECT n / (n - n), s FROM {t}",
    "INSERT INTO {t} VALUES ('x', 'y')",
    "INSERT OVERWRITE INTO {t} SELECT 1 / (n - n), s FROM {t}",
    "INSERT ALL INTO {u} INTO {t} (n) VALUES (1 / (n - n)) SELECT n, s FROM {t}",
    "SELECT nothing FROM {t}",
    "SELECT 1 / (n - n) FROM {t}",
)


@pytest.fixture(scope="module")
def account(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    opened = Account(tmp_path_factory.mktemp("account"))
    yield opened
    opened.close()


def rows(session: Session, sql: str) -> list[Any]:
    return sorted((tuple(row) for row in session.execute(sql).rows()), key=repr)


def tables(session: Session, mark: str) -> None:
    for table in (f"t{mark}", f"u{mark}"):
        session.execute(f"CREATE OR REPLACE TABLE {table} (n INT, s VARCHAR)")
        session.execute(f"INSERT INTO {table} VALUES (1, 'a'), (2, 'b'), (2, 'b'), (3, NULL)")
    session.execute(f"CREATE OR REPLACE STREAM s{mark} ON TABLE t{mark}")
    session.execute(f"CREATE OR REPLACE STREAM a{mark} ON TABLE t{mark} APPEND_ONLY = TRUE")


@pytest.mark.filterwarnings("ignore:Arrow output on a DB-API result")
@pytest.mark.parametrize("seed", range(3))
def test_failures_and_other_sessions_change_nothing_of_a_transactions_effects(
    account: Account, seed: int
) -> None:
    chance = random.Random(seed)
    with_others, other = (account.open_session(user="TESTER") for _ in range(2))
    with_others.execute(f"CREATE DATABASE d{seed}")
    other.execute(f"USE DATABASE d{seed}")
    for mark in ("1", "2"):
        tables(with_others, mark)

    def statement(templates: tuple[str, ...], mark: str, seed: int) -> str:
        own = random.Random(seed)
        names = own.sample([f"t{mark}", f"u{mark}"], 2)
        return own.choice(templates).format(
            t=names[0], u=names[1], a=own.randint(1, 4), b=own.randint(1, 4), v=own.choice("abc")
        )

    with_others.execute("BEGIN")
    for _ in range(25):
        kind, drawn = chance.random(), chance.randrange(10**6)
        if kind < 0.25:
            with pytest.raises(SnowflakeError):
                with_others.execute("INSERT INTO u1 VALUES (NULL::INT, 1 / 0)")
        elif kind < 0.45:
            failing = statement(_FAILING, "1", drawn)
            try:
                with_others.execute(failing)
            except SnowflakeError as error:
                assert error.errno in (904, 100038, 100051), (failing, error)
        elif kind < 0.6:
            for mark in ("1", "2"):
                other.execute(statement(_STATEMENTS[:1], mark, drawn))
        else:
            with_others.execute(statement(_STATEMENTS, "1", drawn))
            other.execute(statement(_STATEMENTS, "2", drawn))
    with_others.execute("COMMIT")
    for query in (
        "SELECT * FROM t{}",
        "SELECT * FROM u{}",
        "SELECT n, s, METADATA$ACTION, METADATA$ISUPDATE FROM s{}",
        "SELECT n, s FROM a{}",
    ):
        assert rows(other, query.format(1)) == rows(other, query.format(2)), query
    for session in (with_others, other):
        session.close()


@pytest.mark.parametrize("table", ["t1", "u1"], ids=["with streams", "without"])
@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO {} VALUES (9, 'i')",
        "UPDATE {} SET s = 'z' WHERE n = 1",
        "DELETE FROM {} WHERE n = 1",
    ],
    ids=["INSERT", "UPDATE", "DELETE"],
)
def test_what_a_transaction_did_is_never_left_out_of_it_in_silence(
    account: Account, monkeypatch: pytest.MonkeyPatch, change: str, table: str
) -> None:
    """The engine's transaction dies, as by a cancellation, before the change has been read."""
    session = account.open_session(user="TESTER")
    session.execute("CREATE OR REPLACE DATABASE dies")
    tables(session, "1")
    session.execute("BEGIN")
    session.execute(change.format(table))

    def dies(of: Context, tree: object) -> None:
        of.connection.values("SELECT error('the engine gives up')")

    with monkeypatch.context() as patch:
        patch.setattr(dml, "touched", dies)
        with pytest.raises(SnowflakeError, match="the engine gives up"):
            session.execute("INSERT INTO u1 VALUES (1, 'never')")
    with pytest.raises(SnowflakeError) as refused:
        session.execute("COMMIT")
    assert refused.value.errno == errors.ABORTED_TRANSACTION.errno
    assert rows(session, f"SELECT * FROM {table}") == [
        (1, "a"),
        (2, "b"),
        (2, "b"),
        (3, None),
    ]
    session.close()


@pytest.mark.parametrize(("size", "left"), [(20_000, 1), (20_001, 0)], ids=["small", "large"])
def test_with_a_failed_statement_goes_only_what_was_done_to_a_large_table(
    account: Account, size: int, left: int
) -> None:
    session = account.open_session(user="TESTER")
    session.execute("CREATE OR REPLACE DATABASE large")
    session.execute(
        f"CREATE TABLE t AS SELECT seq4() AS n FROM TABLE(GENERATOR(ROWCOUNT => {size}))"
    )
    session.execute("BEGIN")
    session.execute("UPDATE t SET n = -1 WHERE n = 7")
    with pytest.raises(SnowflakeError):
        session.execute("SELECT 1 / (n - n) FROM t")
    if left:
        session.execute("COMMIT")
    else:
        with pytest.raises(SnowflakeError) as refused:
            session.execute("COMMIT")
        assert refused.value.errno == errors.ABORTED_TRANSACTION.errno
    assert rows(session, "SELECT count(*) FROM t WHERE n = -1") == [(left,)]
    session.close()
