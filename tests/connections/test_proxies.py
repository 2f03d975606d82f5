"""This machine is reached directly; another one is told with the proxy on the way to it."""

import http.server
import os
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from connections.proxies import is_loopback, keep_loopback_direct, reached_at, without_credentials

PROXIES = ("http_proxy", "https_proxy", "all_proxy", "no_proxy")


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "127.8.9.1", "::1", "[::1]"])
def test_addresses_of_this_machine(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize(
    "host", ["", "10.0.0.1", "xy.snowflakecomputing.com", "localhost.evil.com"]
)
def test_addresses_of_others(host: str) -> None:
    assert not is_loopback(host)


def test_what_no_proxy_has_stays() -> None:
    environ = {"NO_PROXY": "corp.example, 127.0.0.1"}
    keep_loopback_direct(environ)
    assert environ["NO_PROXY"] == "corp.example,127.0.0.1,localhost,127.0.0.0/8,::1"
    assert environ["no_proxy"] == environ["NO_PROXY"]
    environ = {"no_proxy": "*"}
    keep_loopback_direct(environ)
    assert environ == {"no_proxy": "*"}


def test_where_an_account_is_and_through_which_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    account = {"account": "xy12345.eu-west-1"}
    assert reached_at(account) == "xy12345.eu-west-1.snowflakecomputing.com:443"
    monkeypatch.setenv("HTTPS_PROXY", "http://user:s3cret@proxy.example:3128")
    assert reached_at(account) == (
        "xy12345.eu-west-1.snowflakecomputing.com:443 through the proxy http://proxy.example:3128"
        " of the environment"
    )
    monkeypatch.setenv("NO_PROXY", ".snowflakecomputing.com")
    assert reached_at(account) == "xy12345.eu-west-1.snowflakecomputing.com:443"
    named = {"host": "h", "port": 8084, "proxy_host": "p.example", "proxy_port": "3128"}
    assert reached_at(named | {"proxy_password": "s3cret", "proxy_user": "u"}) == (
        "h:8084 through the proxy p.example:3128 of proxy_host"
    )


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("http://user:s3cret@proxy:3128/", "http://***@proxy:3128/"),
        ("no way to https://t0ken@proxy, nor b", "no way to https://***@proxy, nor b"),
        ("http://u:p@ss@proxy:1", "http://***@proxy:1"),
        ("http://proxy:3128/a@b", "http://proxy:3128/a@b"),
        ("mail a@b.c", "mail a@b.c"),
    ],
)
def test_credentials_in_urls_are_not_shown(text: str, shown: str) -> None:
    assert without_credentials(text) == shown


class Proxy(http.server.BaseHTTPRequestHandler):
    """Notes that it was asked, and refuses."""

    def do_POST(self) -> None:
        self.server.asked = True  # type: ignore[attr-defined]
        self.send_error(403)

    def log_message(self, *arguments: Any) -> None:
        return None


@pytest.fixture
def proxy() -> Iterator[http.server.ThreadingHTTPServer]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_the_account_on_this_machine_is_never_asked_through_a_proxy(
    account: Any, proxy: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.server_port}")
    monkeypatch.setenv("NO_PROXY", "corp.example")
    keep_loopback_direct(os.environ)
    try:
        with account.connect() as connection:
            assert connection.cursor().execute("SELECT 1").fetchall() == [(1,)]
    finally:
        os.environ.pop("no_proxy", None)
    assert not hasattr(proxy, "asked")
