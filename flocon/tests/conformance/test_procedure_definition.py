"""CREATE, ALTER, SHOW, DESCRIBE and DROP PROCEDURE; staged code and its versions."""

import datetime
import zipfile
from pathlib import Path

import pytest
from shared import one_database

from conformance.procedure_shared import PYTHON, Cellar

database = pytest.fixture(scope="module")(one_database)

OPTIONS = "LANGUAGE PYTHON RUNTIME_VERSION = '3.11' PACKAGES = ('snowflake-snowpark-python')"


def upload(code: Cellar, folder: Path, /, **modules: str) -> None:
    """Put modules into @code/v/cave.zip."""
    with zipfile.ZipFile(folder / "cave.zip", "w") as archive:
        for module, text in modules.items():
            archive.writestr(f"{module}.py", text)
    code.rows(f"PUT file://{folder}/cave.zip @code/v AUTO_COMPRESS = FALSE OVERWRITE = TRUE")


def staged(code: Cellar, handler: str, *files: str) -> None:
    """A procedure AGE of staged files."""
    imports = ", ".join(f"'@code/v/{name}'" for name in files or ("cave.zip",))
    code.rows(
        f"CREATE OR REPLACE PROCEDURE age() RETURNS VARIANT {OPTIONS} IMPORTS = ({imports})"
        f" HANDLER = '{handler}'"
    )


@pytest.fixture
def code(cellar: Cellar) -> Cellar:
    """With an empty stage CODE."""
    cellar.rows("CREATE OR REPLACE STAGE code")
    return cellar


def test_a_staged_zip_runs_and_its_modules_see_one_another(code: Cellar, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    upload(
        code, tmp_path, cellar="import rack\ndef age(session):\n    return rack.AGE", rack="AGE = 7"
    )
    staged(code, "cellar.age")
    assert code.read("CALL age()") == 7


def test_a_package_in_a_zip_and_a_plain_module_are_imported(code: Cellar, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    with zipfile.ZipFile(tmp_path / "wine.zip", "w") as archive:
        archive.writestr("wine/__init__.py", "")
        archive.writestr("wine/red.py", "import plain\ndef age(session):\n    return plain.AGE")
    (tmp_path / "plain.py").write_text("AGE = 3")
    for name in ("wine.zip", "plain.py"):
        code.rows(f"PUT file://{tmp_path}/{name} @code/v AUTO_COMPRESS = FALSE")
    staged(code, "wine.red.age", "wine.zip", "plain.py")
    assert code.read("CALL age()") == 3


def test_the_import_directory_holds_the_imported_files(code: Cellar, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    (tmp_path / "names.txt").write_text("Pommard")
    code.rows(f"PUT file://{tmp_path}/names.txt @code/v AUTO_COMPRESS = FALSE")
    code.rows(
        f"CREATE OR REPLACE PROCEDURE names() RETURNS VARCHAR {PYTHON}"
        " IMPORTS = ('@code/v/names.txt') AS $$\n"
        "import sys\n"
        "def run(session):\n"
        "    folder = sys._xoptions['snowflake_import_directory']\n"
        "    return open(folder + 'names.txt').read()\n"
        "$$"
    )
    assert code.value("CALL names()") == "Pommard"


def test_two_versions_of_staged_code_run_one_after_the_other(code: Cellar, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    upload(code, tmp_path, cellar="def age(session):\n    return 1")
    staged(code, "cellar.age")
    assert code.read("CALL age()") == 1
    upload(code, tmp_path, cellar="def age(session):\n    return 2")
    assert code.read("CALL age()") == 2
    upload(code, tmp_path, cellar="def age(session):\n    return 1")
    staged(code, "cellar.age")
    assert code.read("CALL age()") == 1


def test_a_replaced_body_runs_at_once(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    for version in (1, 2, 1):
        cellar.handler("version()", str(version), "INT")
        assert cellar.value("CALL version()") == version


def test_a_removed_file_breaks_the_call(code: Cellar, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/developer-guide/udf/python/udf-python-creating"""
    upload(code, tmp_path, cellar="def age(session):\n    return 1")
    staged(code, "cellar.age")
    code.rows("REMOVE @code/v/cave.zip")
    assert "cave.zip" in code.failure("CALL age()")[1]


@pytest.mark.parametrize(
    ("handler", "text"),
    [
        ("cellar.missing", "has no attribute 'missing'"),
        ("missing.age", "No module named 'missing'"),
        ("age", "age"),
    ],
)
def test_a_handler_that_is_not_in_its_zip_fails_by_name(
    code: Cellar, tmp_path: Path, handler: str, text: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    upload(code, tmp_path, cellar="def age(session):\n    return 1")
    staged(code, handler)
    number, message = code.failure("CALL age()")
    assert (number, text in message) == (100357, True), message


def test_wrong_definitions_fail_with_snowflakes_numbers(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    cellar.handler("one(a INT)", "a", "INT")
    two = "CREATE PROCEDURE two() RETURNS INT LANGUAGE PYTHON RUNTIME_VERSION = '3.11'"
    snowpark = "PACKAGES = ('snowflake-snowpark-python')"
    for sql, number, text in (
        (f"CREATE PROCEDURE one(b INT) RETURNS INT {PYTHON} AS 'x = 1'", 2002, "already exists"),
        (
            f"{two} PACKAGES = ('snowflake-snowpark-python', 'no-such-package') HANDLER = 'run'",
            391546,
            "no-such-package",
        ),
        (f"{two} PACKAGES = ('pandas') HANDLER = 'run'", 1008, "snowflake-snowpark-python"),
        (f"{two} {snowpark} HANDLER = 'm.f' IMPORTS = ('@nowhere/m.zip')", 2003, "NOWHERE"),
        (f"{two} {snowpark} AS 'x = 1'", 1008, "HANDLER"),
        ("DESCRIBE PROCEDURE nobody()", 2003, "does not exist"),
        ("DESCRIBE PROCEDURE one(VARCHAR)", 2003, "does not exist"),
        ("DROP PROCEDURE nobody()", 2003, "does not exist"),
    ):
        failed, message = cellar.failure(sql)
        assert (failed, text in message) == (number, True), message
    assert cellar.rows("DROP PROCEDURE IF EXISTS nobody()")


def test_if_not_exists_keeps_the_procedure_that_is_there(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    cellar.handler("kept()", "1", "INT")
    cellar.rows(
        f"CREATE PROCEDURE IF NOT EXISTS kept() RETURNS INT {PYTHON} AS $$\n"
        "def run(session):\n    return 2\n$$"
    )
    assert cellar.value("CALL kept()") == 1


def test_a_temporary_procedure_is_seen_by_its_session_alone(
    cellar: Cellar, account: object, database: str
) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-procedure"""
    cellar.rows(
        f"CREATE TEMPORARY PROCEDURE mine() RETURNS INT {PYTHON} AS $$\n"
        "def run(session):\n    return 1\n$$"
    )
    assert cellar.value("CALL mine()") == 1
    with account.connect(database=database, schema="PUBLIC") as other:  # type: ignore[attr-defined]
        assert Cellar(other).failure("CALL mine()")[0] == 2140


def test_describe_answers_what_the_definition_said(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/desc-procedure"""
    cellar.create("told(a INT, b VARCHAR DEFAULT 'x')", "def run(s, a, b):\n    return 1", "INT")
    described = dict(cellar.rows("DESCRIBE PROCEDURE told(INT, STRING)"))
    assert described.pop("installed_packages").startswith("['snowflake-snowpark-python==")
    assert described == {
        "signature": "(A NUMBER, B VARCHAR DEFAULT 'x')",
        "returns": "NUMBER(38,0)",
        "language": "PYTHON",
        "null handling": "CALLED ON NULL INPUT",
        "volatility": "VOLATILE",
        "execute as": "CALLER",
        "body": "\ndef run(s, a, b):\n    return 1\n",
        "imports": "[]",
        "handler": "run",
        "runtime_version": "3.11",
        "packages": "['snowflake-snowpark-python']",
    }


def test_show_lists_the_procedures_of_a_place(cellar: Cellar, database: str) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/show-procedures"""
    cellar.create("listed(a INT, b VARCHAR DEFAULT 'x')", "def run(s, a, b):\n    return 1")
    cursor = cellar.connection.cursor()
    [row] = cursor.execute(f"SHOW PROCEDURES LIKE 'list%' IN DATABASE {database}").fetchall()  # type: ignore[union-attr]
    shown = dict(zip([column.name for column in cursor.description], row, strict=True))
    assert isinstance(shown.pop("created_on"), datetime.datetime)
    assert shown == {
        "name": "LISTED",
        "schema_name": "PUBLIC",
        "is_builtin": "N",
        "is_aggregate": "N",
        "is_ansi": "N",
        "min_num_arguments": 1,
        "max_num_arguments": 2,
        "arguments": "LISTED(NUMBER, DEFAULT VARCHAR) RETURN VARIANT",
        "description": "user-defined procedure",
        "catalog_name": database,
        "is_table_function": "N",
        "valid_for_clustering": "N",
        "is_secure": "N",
        "secrets": None,
        "external_access_integrations": None,
    }


def test_a_comment_a_new_name_and_other_rights_are_kept(cellar: Cellar) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/alter-procedure"""
    cellar.handler("before()", "1", "INT")
    cellar.rows("ALTER PROCEDURE before() SET COMMENT = 'counts'")
    cellar.rows("ALTER PROCEDURE before() RENAME TO after")
    cellar.rows("ALTER PROCEDURE after() EXECUTE AS OWNER")
    [row] = cellar.rows("SHOW PROCEDURES LIKE 'after'")
    assert row[9] == "counts"
    assert dict(cellar.rows("DESCRIBE PROCEDURE after()"))["execute as"] == "OWNER"
    assert cellar.value("CALL after()") == 1
    assert cellar.rows("SHOW PROCEDURES LIKE 'before'") == []
