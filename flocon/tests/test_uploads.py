"""Staged files over HTTP, as the connector carries them from version 5 on."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests
from shared import one_database

from flocon import AccountProcess

database = pytest.fixture(scope="module")(one_database)

Ask = Any


@pytest.fixture
def ask(account: AccountProcess, database: str) -> Iterator[Ask]:
    """ask(sql): what the account answers to a client of version 5."""
    root = f"http://127.0.0.1:{account.port}"
    client = {"CLIENT_ENVIRONMENT": {"CORE_VERSION": "0.1.0"}}
    login = requests.post(
        f"{root}/session/v1/login-request",
        params={"databaseName": database, "schemaName": "PUBLIC"},
        json={"data": {"LOGIN_NAME": "me", "PASSWORD": "any", **client}},
    ).json()
    headers = {"Authorization": f'Snowflake Token="{login["data"]["token"]}"'}

    def execute(sql: str) -> Any:
        address = f"{root}/queries/v1/query-request"
        return requests.post(address, json={"sqlText": sql}, headers=headers).json()["data"]

    yield execute
    requests.post(f"{root}/session", params={"delete": "true"}, headers=headers)


def url_of(stage: dict[str, Any], name: str) -> str:
    """Where a client finds a file of a bucket with an address of its own."""
    assert stage["locationType"] == "GCS"
    return f"{stage['endPoint']}/{stage['location']}{name}"


def bearer(stage: dict[str, Any]) -> dict[str, str]:
    return {"Authorization": f"Bearer {stage['creds']['GCS_ACCESS_TOKEN']}"}


def test_a_file_goes_up_and_comes_down(ask: Ask) -> None:
    ask("create stage up")
    stage = ask("put file:///nowhere/a.csv @up/in auto_compress = false")["stageInfo"]
    url = url_of(stage, "a%20b.csv")
    assert requests.head(url, headers=bearer(stage)).status_code == 404
    assert requests.put(url, data=b"1,x\n", headers=bearer(stage)).status_code == 200
    assert requests.head(url, headers=bearer(stage)).status_code == 200
    ask("create table t (i int, v varchar)")
    assert ask("copy into t from @up file_format = (type = csv)")["total"] == 1
    given = ask("get @up file:///tmp/")
    (name,) = given["src_locations"]
    assert name == "in/a b.csv"
    stage = given["stageInfo"]
    got = requests.get(url_of(stage, "in/a%20b.csv"), headers=bearer(stage))
    assert got.content == b"1,x\n"


def test_an_offer_is_for_one_folder_and_one_way(ask: Ask, tmp_path: Path) -> None:
    ask("create stage one")
    writes = ask("put file:///nowhere/a.csv @one")["stageInfo"]
    reads = ask("get @one file:///tmp/")["stageInfo"]
    url = url_of(writes, "a.csv")
    assert requests.put(url, data=b"x").status_code == 401
    assert requests.put(url, data=b"x", headers=bearer(reads)).status_code == 401
    for name in ("..%2f..%2fx", "%2e%2e/%2e%2e/x", "%2ftmp%2fx", "a%00b"):
        asked = requests.Request("PUT", url, data=b"x", headers=bearer(writes)).prepare()
        asked.url = url_of(writes, name)
        with requests.Session() as opened:
            assert opened.send(asked).status_code in (401, 404), name
    assert ask("list @one")["total"] == 0


def test_a_client_of_this_machine_writes_its_files_itself(run: Any, tmp_path: Path) -> None:
    """The connector's version 4, and whatever says nothing of itself."""
    run("create stage local")
    file = tmp_path / "a.csv"
    file.write_text("1\n")
    run(f"put file://{file} @local")
    assert [row[0] for row in run("list @local")] == ["local/a.csv.gz"]
