"""Can the brokers be reached, and why not: asked directly, before a client is made.

The client tries again and again, and keeps its reasons for its log. Each address is asked one
question here, over TLS where the settings say so. One that answers is enough; where none does, what
time may heal is asked again, and what it will not (a certificate, a port of another kind) ends at
once.
"""

import socket
import ssl
import struct
import time
from collections.abc import Mapping, Sequence
from typing import Any

from ingest.errors import Fatal, WrongUse

ANSWER_SECONDS = 5.0
PAUSE_SECONDS = 0.25
# ApiVersions, version 0: every broker answers it to everybody.
_QUESTION = struct.pack(">hhih", 18, 0, 1, -1)
_TLS_ALERT = b"\x15\x03"
_CLIENT_CERTIFICATE_ALERTS = (
    "CERTIFICATE_REQUIRED",
    "HANDSHAKE_FAILURE",
    "UNKNOWN_CA",
    "BAD_CERTIFICATE",
    "CERTIFICATE_UNKNOWN",
    "CERTIFICATE_EXPIRED",
)


class _NoAnswer(Exception):
    """Why one address gives none. `lasting`: it will not give one later."""

    def __init__(self, reason: str, lasting: bool = False) -> None:
        super().__init__(reason)
        self.lasting = lasting


def tls_context(settings: Mapping[str, Any]) -> ssl.SSLContext | None:
    """The context for these settings, None without TLS. Raises WrongUse for files that do not make
    one."""
    if not _has_tls(settings):
        return None
    try:
        context = ssl.create_default_context(cafile=settings.get("ssl_cafile"))
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.check_hostname = settings.get("ssl_check_hostname", True)
        if ciphers := settings.get("ssl_ciphers"):
            context.set_ciphers(ciphers)
        if certificate := settings.get("ssl_certfile"):
            # An empty passphrase if none was given, or OpenSSL would ask for it at the terminal.
            password = settings.get("ssl_password") or ""
            context.load_cert_chain(certificate, settings.get("ssl_keyfile"), password)
        if revoked := settings.get("ssl_crlfile"):
            context.load_verify_locations(revoked)
            context.verify_flags |= ssl.VERIFY_CRL_CHECK_LEAF
    except OSError as error:
        raise WrongUse(
            f"the Kafka client's TLS settings do not work: {_in_words(error)}"
        ) from error
    return context


def reach(servers: Sequence[str], settings: Mapping[str, Any], deadline: float) -> None:
    """Return once one of the addresses answers; raise Fatal with the reason of each, at the latest
    at the deadline of time.monotonic()."""
    if settings.get("proxy_url") or settings.get("socks5_proxy"):
        return
    context = settings.get("ssl_context")
    while True:
        reasons = {}
        for server in servers:
            try:
                _ask(server, context, deadline)
            except _NoAnswer as error:
                reasons[server] = error
            else:
                return
        if all(each.lasting for each in reasons.values()) or time.monotonic() >= deadline:
            text = "; ".join(f"{server}: {reason}" for server, reason in reasons.items())
            raise Fatal(f"cannot reach Kafka at {text}")
        time.sleep(PAUSE_SECONDS)


def _ask(server: str, context: ssl.SSLContext | None, deadline: float) -> None:
    """Return if the broker there answers; raise _NoAnswer."""
    host, _, port = server.rpartition(":")
    host = host.strip("[]")
    seconds = max(0.1, min(ANSWER_SECONDS, deadline - time.monotonic()))
    try:
        with socket.create_connection((host, int(port)), seconds) as plain:
            if context is None:
                _exchange(plain, tls=False)
                return
            with _handshake(plain, context, host) as protected:
                _exchange(protected, tls=True)
    except socket.gaierror:
        raise _NoAnswer(f"no address is known for the name {host!r}") from None
    except ConnectionRefusedError:
        raise _NoAnswer("nothing listens there") from None
    except TimeoutError:
        raise _NoAnswer("it does not answer") from None
    except OSError as error:
        raise _NoAnswer(_in_words(error)) from None


def _handshake(plain: socket.socket, context: ssl.SSLContext, host: str) -> ssl.SSLSocket:
    try:
        return context.wrap_socket(plain, server_hostname=host)
    except TimeoutError:
        raise _NoAnswer("no answer to a TLS handshake: does that port speak TLS?") from None
    except ssl.SSLCertVerificationError as error:
        advice = "; ssl_cafile names the authority to trust" if "issuer" in str(error) else ""
        found = error.verify_message.rstrip(".")
        raise _NoAnswer(f"its certificate is not accepted: {found}{advice}", lasting=True) from None
    except (ssl.SSLEOFError, ConnectionError):
        raise _NoAnswer(
            "it ends the connection in the TLS handshake: does that port speak TLS?", lasting=True
        ) from None
    except ssl.SSLError as error:
        raise _tls_refusal(error) from None


def _exchange(connection: socket.socket, tls: bool) -> None:
    """Ask the question, and look at how the answer begins."""
    try:
        connection.sendall(struct.pack(">i", len(_QUESTION)) + _QUESTION)
        begun = b""
        while len(begun) < 8:
            more = connection.recv(8 - len(begun))
            if not more:
                break
            begun += more
    except ssl.SSLError as error:
        # With TLS 1.3 a broker judges the client's certificate only after the handshake.
        raise _tls_refusal(error) from None
    except ConnectionError:
        begun = b""
    if begun.startswith(_TLS_ALERT) and not tls:
        raise _NoAnswer(
            "that port speaks TLS, and security_protocol is not SSL or SASL_SSL", lasting=True
        )
    if not begun:
        hint = "" if tls else ": does that port speak TLS?"
        raise _NoAnswer(f"it ends the connection at the first question{hint}", lasting=not tls)
    if len(begun) < 8 or struct.unpack(">i", begun[4:]) != (1,):
        raise _NoAnswer("it does not speak Kafka's protocol", lasting=True)


def _tls_refusal(error: ssl.SSLError) -> _NoAnswer:
    reason = error.reason or ""
    if reason == "WRONG_VERSION_NUMBER":
        return _NoAnswer(
            "that port does not speak TLS, and security_protocol says so", lasting=True
        )
    if any(each in reason for each in _CLIENT_CERTIFICATE_ALERTS):
        return _NoAnswer(
            "it does not accept the client certificate, or wants one (ssl_certfile)", lasting=True
        )
    return _NoAnswer(f"TLS: {_in_words(error)}", lasting=True)


def _has_tls(settings: Mapping[str, Any]) -> bool:
    return settings.get("security_protocol", "PLAINTEXT").endswith("SSL")


def _in_words(error: OSError) -> str:
    if isinstance(error, ssl.SSLError) and error.reason:
        return error.reason.replace("_", " ").lower()
    return error.strerror or str(error) or type(error).__name__
