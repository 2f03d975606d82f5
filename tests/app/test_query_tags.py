"""Who asked, by its tag in query history: the ingester, the tasks, the dashboard and `caves`."""

import gzip
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest

from app.caves.errors import CommandError
from app.caves.project import Project
from app.caves.statements import declared, fill, split
from app.caves.target import SESSION_PARAMETERS, Target
from ingest import ingester

ROOT = Path(__file__).parents[2]
TAGS = {"caves", "caves-ingester", "caves-tasks", "caves-dashboard"}


class Door(BaseHTTPRequestHandler):
    """Where a client logs in: it notes the session's parameters, and lets nobody in."""

    seen: ClassVar[list[dict[str, Any]]] = []

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers.get("Content-Encoding") == "gzip":
            body = gzip.decompress(body)
        if "login-request" in self.path:
            self.seen.append(json.loads(body)["data"]["SESSION_PARAMETERS"])
        answer = json.dumps({"success": False, "code": "390100", "message": "no", "data": {}})
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer.encode())

    def log_message(self, *arguments: Any) -> None:
        pass


@pytest.fixture
def target(tmp_path: Path) -> Iterator[Target]:
    """An account that everybody is refused by."""
    Door.seen.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        (tmp_path / "config.toml").write_text("")
        (tmp_path / "connections.toml").write_text(
            '[local]\naccount = "a"\nuser = "u"\npassword = "not-a-secret"\nhost = "127.0.0.1"\n'
            f'port = {server.server_port}\nprotocol = "http"\n'
        )
        for file in tmp_path.iterdir():
            file.chmod(0o600)
        yield Target("D", home=tmp_path)
        server.shutdown()


def test_caves_and_the_snow_that_it_runs_are_tagged(target: Target) -> None:
    with pytest.raises(CommandError):
        target.connect()
    with pytest.raises(CommandError):
        target.snow(("sql", "--query", "SELECT 1"), ROOT)
    assert [each["QUERY_TAG"] for each in Door.seen] == ["caves", "caves"]


def test_a_tag_of_the_connection_s_own_stays(target: Target) -> None:
    assert target.home
    with (target.home / "connections.toml").open("a") as file:
        file.write('session_parameters = { QUERY_TAG = "nightly" }\n')
    with pytest.raises(CommandError):
        target.connect()
    assert [each["QUERY_TAG"] for each in Door.seen] == ["nightly"]


def tasks() -> list[str]:
    project = Project.find()
    [file] = [each.path for each in project.sql_files() if each.number == 5]
    env = {**project.env, "task_trigger": ""}
    found = declared(list(split(fill(file.read_text("utf-8"), env))))
    return [each.text for each in found if each.kind == "TASK"]


@pytest.mark.parametrize(
    "parameter",
    ["QUERY_TAG = 'caves-tasks'", "TIMEZONE = 'UTC'", "TIMESTAMP_INPUT_FORMAT = 'AUTO'"],
)
def test_every_task_says_what_an_account_could_have_set_otherwise(parameter: str) -> None:
    """A session parameter is not handed down to children.
    https://docs.snowflake.com/en/sql-reference/sql/create-task"""
    texts = tasks()
    assert len(texts) == 6
    assert [text for text in texts if parameter not in text] == []


def test_the_page_on_costs_tells_the_tags_apart() -> None:
    page = (ROOT / "docs/cost.md").read_text("utf-8")
    dashboard = (ROOT / "app/dashboard/account.py").read_text("utf-8")
    assert SESSION_PARAMETERS["QUERY_TAG"] == "caves"
    assert ingester.SESSION_PARAMETERS["QUERY_TAG"] == "caves-ingester"
    assert "QUERY_TAG = 'caves-dashboard'" in dashboard
    assert {tag for tag in TAGS if re.search(rf"`{tag}`", page)} == TAGS
