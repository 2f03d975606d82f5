"""What the engine keeps for itself is neither found nor shown."""

from typing import Any

import pytest
import snowflake.connector
from shared import one_database

database = pytest.fixture(scope="module")(one_database)


@pytest.mark.parametrize(
    "sql",
    [
        "select * from _fs_information_schema._fs_tables",
        'select * from "_fs_information_schema"."_account_objects"',
        "select * from _fs_global._fs_information_schema._fs_stages",
        "select * from memory.main.t",
        "delete from _fs_information_schema._account_objects",
    ],
)
def test_what_the_engine_keeps_for_itself_does_not_exist(run: Any, sql: str) -> None:
    with pytest.raises(snowflake.connector.errors.ProgrammingError) as caught:
        run(sql)
    assert caught.value.errno == 2003


def test_the_hidden_schema_never_shows_up(run: Any) -> None:
    run("create or replace table seen (a int)")
    answers = [
        run("show schemas"),
        run("show databases"),
        run("show tables in account"),
        run("show views in account"),
        run("show objects in account"),
        run("show columns in account"),
        run("select * from information_schema.tables"),
        run("select * from information_schema.columns"),
        run("select * from information_schema.views"),
        run("select * from information_schema.schemata"),
    ]
    for answer in answers:
        assert "_FS_" not in str(answer).upper()
        assert "_ACCOUNT_" not in str(answer).upper()
