"""What is between a client and its account: nothing on this machine, elsewhere perhaps a proxy."""

import ipaddress
import re
from collections.abc import Mapping, MutableMapping
from typing import Any
from urllib.parse import urlsplit

# Some clients read ranges, and others only addresses.
LOOPBACK = ("localhost", "127.0.0.1", "127.0.0.0/8", "::1")
CREDENTIALS = re.compile(r"(?<=://)[^\s/@]*:?[^\s/]*@")


def is_loopback(host: str) -> bool:
    """Whether the name or the address is of this machine, and of nobody else."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def keep_loopback_direct(environ: MutableMapping[str, str]) -> None:
    """No proxy for this machine itself, whatever HTTP_PROXY says, here and in programs that this
    one starts. What NO_PROXY has stays."""
    named = environ.get("no_proxy") or environ.get("NO_PROXY") or ""
    hosts = [host for host in map(str.strip, named.split(",")) if host]
    if "*" not in hosts:
        wanted = ",".join(dict.fromkeys([*hosts, *LOOPBACK]))
        environ["no_proxy"] = environ["NO_PROXY"] = wanted


def reached_at(parameters: Mapping[str, Any]) -> str:
    """Host and port of the account, and the proxy on the way there: no credentials."""
    # The connector takes a second, and this is asked for when it has been imported anyway.
    from snowflake.connector.util_text import construct_hostname
    from snowflake.connector.vendored.requests.utils import get_environ_proxies, select_proxy

    account = str(parameters.get("account") or "")
    region = parameters.get("region")
    host = str(parameters.get("host") or construct_hostname(region, account))
    protocol = str(parameters.get("protocol") or "https")
    port = parameters.get("port") or 443
    if parameters.get("proxy_host"):
        proxy = f"{parameters['proxy_host']}:{parameters.get('proxy_port')}"
        return f"{host}:{port} through the proxy {without_credentials(proxy)} of proxy_host"
    url = f"{protocol}://{host}:{port}"
    found = select_proxy(url, get_environ_proxies(url))
    if not found:
        return f"{host}:{port}"
    return f"{host}:{port} through the proxy {_address(found)} of the environment"


def _address(url: str) -> str:
    """Scheme, host and port of a proxy's URL."""
    parts = urlsplit(url if "://" in url else f"//{url}")
    scheme = f"{parts.scheme}://" if parts.scheme else ""
    return f"{scheme}{parts.netloc.rpartition('@')[2]}"


def without_credentials(text: str) -> str:
    """The text with `***` for the user and password of each URL in it."""
    return CREDENTIALS.sub("***@", text)
