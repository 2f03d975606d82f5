"""The real `snow` command stores a Streamlit app with its files; serving it is Streamlit's."""

import json
from pathlib import Path
from typing import Any

import pytest
from accounts import on_snowflake
from shared import errno, one_database, shown

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)
Run = Any

_PROJECT = """definition_version: 2
entities:
  dash:
    type: streamlit
    identifier: DASH
    title: {title}
    comment: the cellar's board
    query_warehouse: DASH_WH
    main_file: streamlit_app.py
    pages_dir: pages/
    artifacts: [streamlit_app.py, environment.yml]
"""


def test_an_app_is_deployed_changed_shown_and_dropped(
    account: AccountProcess, connection: Any, run: Run, tmp_path: Path, database: str
) -> None:
    """https://docs.snowflake.com/en/developer-guide/snowflake-cli/streamlit-apps/manage-apps/deploy-app"""
    run("create warehouse if not exists dash_wh initially_suspended = true")
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "stock.py").write_text("page = 1\n")
    (tmp_path / "streamlit_app.py").write_text("app = 1\n")
    (tmp_path / "environment.yml").write_text("dependencies: [streamlit]\n")
    (tmp_path / "snowflake.yml").write_text(_PROJECT.format(title="Cave"))
    place = ("--database", database, "--schema", "PUBLIC")

    def snow(*arguments: str) -> Any:
        done = account.snow(*arguments, "--format", "json", *place, cwd=tmp_path)
        assert done.returncode == 0, done.stdout + done.stderr
        return json.loads(done.stdout)

    # 1. The first deployment makes the app and its live version.
    assert "streamlit-apps" in snow("streamlit", "deploy")["message"]
    (described,) = shown(connection, "describe streamlit dash")
    assert (described["title"], described["main_file"]) == ("Cave", "streamlit_app.py")
    assert described["query_warehouse"] == "DASH_WH"
    live = described["live_version_location_uri"]
    assert [row[0] for row in run(f"list '{live}'")] == [
        "/versions/live/environment.yml",
        "/versions/live/pages/stock.py",
        "/versions/live/streamlit_app.py",
    ]

    # 2. A second one needs --replace, changes what has changed and keeps the app.
    assert account.snow("streamlit", "deploy", *place, cwd=tmp_path).returncode != 0
    (tmp_path / "streamlit_app.py").write_text("app = 2\n")
    (tmp_path / "snowflake.yml").write_text(_PROJECT.format(title="Cave d'Albert"))
    snow("streamlit", "deploy", "--replace")
    (changed,) = shown(connection, "describe streamlit dash")
    assert (changed["title"], changed["url_id"]) == ("Cave d'Albert", described["url_id"])

    # 3. The app's viewers are granted what the manifest says.
    if not on_snowflake():
        run("create role bi_reader")
        granting = _PROJECT + "    grants: [{privilege: USAGE, role: BI_READER}]\n"
        (tmp_path / "snowflake.yml").write_text(granting.replace("{title}", "Cave d'Albert"))
        snow("streamlit", "deploy", "--replace")
        shared = shown(connection, "show grants on streamlit dash")
        assert {(row["privilege"], row["grantee_name"]) for row in shared} == {
            ("OWNERSHIP", "ACCOUNTADMIN"),
            ("USAGE", "BI_READER"),
        }
        run("drop role bi_reader")

    # 4. The command's lists show it; what is dropped is gone, with its files.
    (listed,) = snow("object", "list", "streamlit", "--like", "DASH")
    assert (listed["name"], listed["title"]) == ("DASH", "Cave d'Albert")
    assert snow("object", "describe", "streamlit", "dash")[0]["name"] == "DASH"
    snow("object", "drop", "streamlit", "dash")
    assert run("show streamlits in account") == []
    assert errno(run, f"list '{live}'") == 2003
    run("drop warehouse dash_wh")


def test_an_app_is_made_of_a_stages_files(run: Run, connection: Any, tmp_path: Path) -> None:
    """https://docs.snowflake.com/en/sql-reference/sql/create-streamlit"""
    (tmp_path / "app.py").write_text("app = 1\n")
    run("create stage source")
    run(f"put file://{tmp_path}/app.py @source/v1 auto_compress = false")
    run("create streamlit made from '@source/v1' main_file = 'app.py' title = 'L''app'")
    assert errno(run, "create streamlit made from '@source' main_file = 'app.py'") == 2002
    (row,) = shown(connection, "show streamlits like 'MADE'")
    assert (row["title"], row["schema_name"]) == ("L'app", "PUBLIC")
    (described,) = shown(connection, "describe streamlit made")
    listed = run(f"list '{described['live_version_location_uri']}'")
    assert [row[0] for row in listed] == ["/versions/live/app.py"]
    run("alter streamlit made rename to renamed")
    run("alter streamlit renamed unset title")
    assert shown(connection, "describe streamlit renamed")[0]["title"] is None
    run("drop streamlit renamed")
    run("drop streamlit if exists renamed")
    assert errno(run, "drop streamlit renamed") == 2003
