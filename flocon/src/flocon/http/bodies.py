"""The bodies of requests: read up to a limit, unpacked up to a limit, JSON objects or refused."""

import asyncio
from typing import Any

import anyio
import orjson
from isal import isal_zlib
from starlette.requests import Request

# The rows of an executemany travel in one request.
LARGEST = 128 * 1024 * 1024
# A login is short, and comes from anybody.
LARGEST_LOGIN = 1024 * 1024
_PATIENCE_SECONDS = 60.0
# Of what is too large so much is read and thrown away: a client that still sends hears no answer.
_DISCARDED = 4
_LONG = 256 * 1024
_GZIP = 16 + isal_zlib.MAX_WBITS


class TooLarge(Exception):
    """The body is larger than the limit, as it came or unpacked."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The request is larger than {limit / 1024 / 1024:g} MB.")


async def document(request: Request, limit: int) -> dict[str, Any]:
    """A request's JSON object. Raises ValueError where it is not one, TooLarge, and TimeoutError
    for a client that stops in the middle of it."""
    async with asyncio.timeout(_PATIENCE_SECONDS):
        body = await _body(request, limit)
    encoding = request.headers.get("Content-Encoding")
    if len(body) < _LONG and encoding == "gzip":
        body, encoding = _unpacked_if_short(body)
    if len(body) < _LONG and encoding != "gzip":
        return read_json(body, encoding, limit)
    # That takes a while; the other clients do not wait for it.
    return await anyio.to_thread.run_sync(read_json, body, encoding, limit)


async def _body(request: Request, limit: int) -> bytes:
    chunks: list[bytes] = []
    size = 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit * _DISCARDED:
            break
        if size > limit:
            chunks.clear()
        else:
            chunks.append(chunk)
    if size > limit:
        raise TooLarge(limit)
    return b"".join(chunks)


def read_json(body: bytes, encoding: str | None, limit: int = LARGEST) -> dict[str, Any]:
    """A body's JSON object, an empty one for an empty body."""
    if encoding == "gzip":
        body = _unpacked(body, limit)
    document = orjson.loads(body) if body else {}
    if not isinstance(document, dict):
        raise ValueError("the request is no JSON object")
    return document


def _unpacked_if_short(body: bytes) -> tuple[bytes, str | None]:
    """What is short unpacked, too, without its encoding; all else as it is."""
    member = isal_zlib.decompressobj(_GZIP)
    try:
        unpacked = member.decompress(body, _LONG)
    except isal_zlib.error:  # type: ignore[misc]  # the stub has an instance
        return body, "gzip"
    is_whole = member.eof and not member.unused_data
    return (unpacked, None) if is_whole else (body, "gzip")


def _unpacked(body: bytes, limit: int) -> bytes:
    """gzip's content. Raises TooLarge before more than the limit is unpacked."""
    unpacked = b""
    while body:
        member = isal_zlib.decompressobj(_GZIP)
        try:
            unpacked += member.decompress(body, limit + 1 - len(unpacked))
        except isal_zlib.error as error:  # type: ignore[misc]  # the stub has an instance
            raise ValueError(f"the request is not gzip: {error}") from None
        if len(unpacked) > limit:
            raise TooLarge(limit)
        if not member.eof:
            raise ValueError("the request is not gzip: it ends too early")
        body = member.unused_data
    return unpacked
