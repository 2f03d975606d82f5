"""CREATE PROCEDURE and CALL as the clients write them."""

import pytest
from flocon.core.errors import SnowflakeError
from flocon.sql.calls import CallProcedure, call_procedure
from flocon.sql.datatypes import parse_data_type
from flocon.sql.procedures import Argument, CreateProcedure, create, describe
from flocon.sql.tokens import Name, Tokens

# As `snow snowpark deploy` 3.30 sends it.
FROM_THE_CLI = """create or replace procedure IDENTIFIER('DB.OPS.LOAD')(day date, n int default 10)
copy grants
returns variant
language python
runtime_version=3.11
imports=('@DB.OPS.deploy/caves/procedures.zip')
handler='raw_to_staging.orders'
packages=('snowflake-snowpark-python==1.53.0')
execute as caller"""

# As Snowpark 1.53 `session.sproc.register` sends it.
FROM_SNOWPARK = """
CREATE OR REPLACE 
TEMPORARY   PROCEDURE  "DB"."S".P(arg1 BIGINT,arg2 STRING DEFAULT 'a, b')

RETURNS DOUBLE
LANGUAGE PYTHON 
STRICT
VOLATILE
RUNTIME_VERSION=3.11


PACKAGES=('cloudpickle==3.1.1','snowflake-snowpark-python')



HANDLER='compute'
EXECUTE AS OWNER


AS $$
def compute(session, n, t):
    return f'{n};{t}'
$$
"""  # noqa: W291 (Snowpark's own trailing blanks)


def test_the_clis_statement_is_read_clause_by_clause() -> None:
    assert create("PROCEDURE")(Tokens(FROM_THE_CLI)) == CreateProcedure(
        "PROCEDURE",
        Name("LOAD", "OPS", "DB"),
        (
            Argument("DAY", parse_data_type("DATE")),
            Argument("N", parse_data_type("INT"), "10"),
        ),
        parse_data_type("VARIANT"),
        replaces=True,
        handler="raw_to_staging.orders",
        runtime_version="3.11",
        imports=("@DB.OPS.deploy/caves/procedures.zip",),
        packages=("snowflake-snowpark-python==1.53.0",),
        execute_as="CALLER",
        copies_grants=True,
    )


def test_snowparks_statement_is_read_clause_by_clause() -> None:
    assert create("PROCEDURE")(Tokens(FROM_SNOWPARK)) == CreateProcedure(
        "PROCEDURE",
        Name("P", "S", "DB"),
        (
            Argument("ARG1", parse_data_type("NUMBER")),
            Argument("ARG2", parse_data_type("VARCHAR"), "'a, b'"),
        ),
        parse_data_type("FLOAT"),
        replaces=True,
        temporary=True,
        handler="compute",
        runtime_version="3.11",
        packages=("cloudpickle==3.1.1", "snowflake-snowpark-python"),
        body="\ndef compute(session, n, t):\n    return f'{n};{t}'\n",
        execute_as="OWNER",
        strict=True,
    )


HEAD = "create procedure p(a int) returns int language python runtime_version = '3.11'"


@pytest.mark.parametrize(
    ("statement", "errno", "text"),
    [
        pytest.param(
            "create procedure p() returns int language sql as $$ begin end $$",
            2, "LANGUAGE SQL", id="SQL",
        ),
        pytest.param(
            "create procedure p() returns string language javascript as $$ 1 $$",
            2, "LANGUAGE JAVASCRIPT", id="JavaScript",
        ),
        pytest.param(
            "create procedure p() returns table(a) language python", 2040, "'\\)'", id="table",
        ),
        pytest.param(f"{HEAD} secrets = ('a' = b)", 2, "SECRETS", id="secrets"),
        pytest.param(
            f"{HEAD} external_access_integrations = (x)",
            2, "EXTERNAL_ACCESS_INTEGRATIONS", id="external access",
        ),
        pytest.param(f"{HEAD} packages = ()", 1008, r"option.*HANDLER", id="handler"),
        pytest.param(f"{HEAD} handler = 'f' handler = 'g'", 1046, "duplicate", id="twice"),
        pytest.param(f"{HEAD} colour = 'red'", 1003, "unexpected 'colour'", id="unknown clause"),
        pytest.param(
            "create procedure p() returns int language python runtime_version = '2.7'",
            1008, "'2.7' is not supported", id="runtime",
        ),
        pytest.param("create procedure p(a money) returns int", 2040, "'MONEY'", id="type"),
        pytest.param(
            "create or replace procedure if not exists p() returns int",
            1003, "incompatible", id="replace if not exists",
        ),
    ],
)  # fmt: skip
def test_what_is_not_supported_is_refused_by_name(statement: str, errno: int, text: str) -> None:
    with pytest.raises(SnowflakeError, match=text) as caught:
        create("PROCEDURE")(Tokens(statement))
    assert caught.value.errno == errno


@pytest.mark.parametrize(
    ("text", "call"),
    [
        pytest.param("CALL p()", CallProcedure(Name("P")), id="none"),
        pytest.param(
            "call identifier('db.s.p')(-1, 'it''s', null)",
            CallProcedure(Name("P", "S", "DB"), ("-1", "'it''s'", "null")),
            id="literals",
        ),
        pytest.param(
            "call p(?, [1, 2], {'a': 1}, PARSE_JSON('[1,2]'), 10 :: INT)",
            CallProcedure(
                Name("P"), ("?", "[1, 2]", "{'a': 1}", "PARSE_JSON('[1,2]')", "10 :: INT")
            ),
            id="expressions",
        ),
        pytest.param(
            'call p(1, b => 2 + 3, "c" => ?);',
            CallProcedure(Name("P"), ("1",), {"B": "2 + 3", "c": "?"}),
            id="named",
        ),
    ],
)
def test_a_call_keeps_each_arguments_text(text: str, call: CallProcedure) -> None:
    assert call_procedure(Tokens(text)) == call


@pytest.mark.parametrize(
    "text",
    [
        "call p(",
        "call p(,)",
        "call p(1,)",
        "call p(a => 1, 2)",
        "call p(a => 1, a => 2)",
        "call p() x",
    ],
)
def test_a_malformed_call_is_a_compilation_error(text: str) -> None:
    with pytest.raises(SnowflakeError, match="SQL compilation error"):
        call_procedure(Tokens(text))


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("int", "NUMBER(38,0)"),
        ("numeric(10, 2)", "NUMBER(10,2)"),
        ("number(5)", "NUMBER(5,0)"),
        ("string", "VARCHAR"),
        ("text(20)", "VARCHAR(20)"),
        ("double precision", "FLOAT"),
        ("datetime", "TIMESTAMP_NTZ"),
        ("timestamp_ltz(9)", "TIMESTAMP_LTZ(9)"),
        ("varbinary", "BINARY"),
    ],
)
def test_a_types_synonyms_have_one_name(text: str, canonical: str) -> None:
    assert str(parse_data_type(text)) == canonical


def test_describe_names_a_procedure_by_its_types() -> None:
    signature = describe("PROCEDURE")(Tokens("desc procedure IDENTIFIER('DB.S.P')(string, int)"))
    assert signature.name == Name("P", "S", "DB")
    assert [kind.base for kind in signature.types] == ["VARCHAR", "NUMBER"]
