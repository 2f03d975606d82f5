"""The workflows of .github: what they call is there, and nobody can put other code in its place."""

import json
import os
import re
import shlex
import signal
import subprocess
import sys
import threading
import time
import tomllib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
import yaml

from app.caves import cli
from connections.named import resolve

ROOT = Path(__file__).resolve().parent.parent
GITHUB = ROOT / ".github"
FILES = sorted([*GITHUB.glob("workflows/*.yml"), *GITHUB.glob("actions/*/action.yml")])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def steps(document: dict[str, Any]) -> list[dict[str, Any]]:
    jobs = [document["runs"]] if "runs" in document else document["jobs"].values()
    return [step for job in jobs for step in job.get("steps", [])]


COMMANDS = [
    (f"{path.name}: {line.strip()}", line.strip())
    for path in FILES
    for step in steps(yaml.safe_load(path.read_text("utf-8")))
    for line in step.get("run", "").splitlines()
    if line.strip().startswith(("make ", "caves "))
]


def test_the_workflows_pass_the_linter() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("jactionlint"), *FILES],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_make_check_lints_them() -> None:
    assert "\n\t$(BIN)/jactionlint\n" in (ROOT / "Makefile").read_text("utf-8")


@pytest.mark.parametrize("line", [line for _, line in COMMANDS], ids=[name for name, _ in COMMANDS])
def test_every_command_of_a_workflow_is_there(line: str) -> None:
    [program, *arguments] = shlex.split(line.split(" | ")[0])
    if program == "make":
        assert set(arguments) <= TARGETS
    else:
        cli.parser().parse_args(arguments)


def test_the_workflows_check_test_plan_deploy_and_verify() -> None:
    assert [line.split(" --env")[0] for _, line in COMMANDS] == [
        "make venv",
        "caves deploy --plan",
        "caves deploy",
        "caves verify",
        "make venv",
        "make check",
        "make test",
        "make venv",
        "make test-plain",
        "make test-card",
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_actions_of_others_are_pinned_to_a_commit_and_name_its_version(path: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", path.read_text("utf-8"))
    for name, comment in used:
        if not name.startswith("./"):
            assert re.fullmatch(r"[\w./-]+@[0-9a-f]{40}", name), name
            assert re.fullmatch(r" # v\d+\.\d+\.\d+", comment), name


@pytest.mark.parametrize("name", ["tests.yml", "deploy.yml"])
def test_a_workflow_may_read_the_repository_and_what_logs_in_may_also_say_who_it_is(
    name: str,
) -> None:
    document = yaml.safe_load((ROOT / ".github/workflows" / name).read_text("utf-8"))

    assert document["permissions"] == {"contents": "read"}
    assert "concurrency" in document
    for job in document["jobs"].values():
        logs_in = any("snowflake" in step.get("uses", "") for step in job.get("steps", []))
        more = {"contents": "read", "id-token": "write"} if logs_in else None
        assert job.get("permissions") == more


def test_production_waits_for_the_tests_the_plan_and_an_approval() -> None:
    document = yaml.safe_load((ROOT / ".github/workflows/deploy.yml").read_text("utf-8"))
    jobs = document["jobs"]

    assert (jobs["plan"]["needs"], jobs["deploy"]["needs"]) == ("tests", "plan")
    assert jobs["deploy"]["environment"] == "production"
    assert jobs["plan"]["environment"] != "production"


def test_the_versions_of_python_and_of_the_cli_are_the_projects_own() -> None:
    text = (ROOT / ".github/actions/snowflake/action.yml").read_text("utf-8")
    lock = (ROOT / "requirements.lock").read_text("utf-8")

    [version] = re.findall(r'cli-version: "(.+)"', text)
    assert f"\nsnowflake-cli=={version}\n" in lock
    assert 'python-version: "3.11"' in text


class Tokens(BaseHTTPRequestHandler):
    """GitHub's door for tokens: each answer is another one."""

    asked: ClassVar[list[tuple[str, str]]] = []

    def do_GET(self) -> None:
        self.asked.append((self.path, self.headers["Authorization"]))
        answer = json.dumps({"value": f"token-{len(self.asked)}"}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *arguments: Any) -> None:
        pass


def connection(home: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """What the action's script leaves in this home, with what it started ended again."""
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "ACCOUNT": "acc", "ROLE": "D_DEPLOYER"}
    script = ROOT / ".github/actions/snowflake/connection.sh"
    with subprocess.Popen(
        ["bash", script],
        env={**known, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess([script], process.returncode, out, err)


def test_without_a_key_the_job_logs_in_by_a_token_that_is_renewed(tmp_path: Path) -> None:
    """As the connector reads it: tokens of GitHub live shorter than a deployment may take."""
    Tokens.asked.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Tokens) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        script = ROOT / ".github/actions/snowflake/connection.sh"
        environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "ACCOUNT": "acc",
            "ROLE": "D_DEPLOYER",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"http://127.0.0.1:{server.server_port}/t?v=1",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job",
            "CAVES_TOKEN_SECONDS": "0.1",
        }
        process = subprocess.Popen(["bash", script], env=environ, start_new_session=True)
        try:
            assert process.wait(timeout=60) == 0
            found = resolve("prod", tmp_path / ".snowflake").login()
            token = Path(found["token_file_path"])
            first = token.read_text()
            deadline = time.monotonic() + 30
            while token.read_text() == first:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        finally:
            os.killpg(process.pid, signal.SIGTERM)
        server.shutdown()
    assert found["authenticator"] == "WORKLOAD_IDENTITY"
    assert found["workload_identity_provider"] == "OIDC"
    assert (found["account"], found["role"]) == ("acc", "D_DEPLOYER")
    assert Tokens.asked[0] == ("/t?v=1&audience=snowflakecomputing.com", "bearer job")
    assert token.stat().st_mode & 0o077 == 0


def test_a_key_that_is_stored_is_the_second_way(tmp_path: Path) -> None:
    done = connection(tmp_path, LOGIN="D_DEPLOYER_SERVICE", PRIVATE_KEY="-----KEY-----")
    assert done.returncode == 0, done.stderr
    written = tomllib.loads((tmp_path / ".snowflake/connections.toml").read_text())
    assert written == {
        "prod": {
            "account": "acc",
            "role": "D_DEPLOYER",
            "user": "D_DEPLOYER_SERVICE",
            "authenticator": "SNOWFLAKE_JWT",
            "private_key_file": str(tmp_path / ".snowflake/caves.p8"),
        }
    }
    key = tmp_path / ".snowflake/caves.p8"
    assert (key.read_text(), key.stat().st_mode & 0o777) == ("-----KEY-----\n", 0o600)


def test_with_neither_the_job_says_what_it_lacks(tmp_path: Path) -> None:
    done = connection(tmp_path)
    assert done.returncode == 1
    assert "neither a private key nor the permission id-token: write" in done.stderr
