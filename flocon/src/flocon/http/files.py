"""Staged files over HTTP, for clients that write to cloud storage alone.

The connector from version 5 on knows no folder of this machine. It is told of a bucket, whose
address is the account's, and sends files as it does to Google's: the bucket is `files`, and the
token says which folder of a stage that is.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable
from pathlib import Path

import anyio
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from flocon.stores.transfers import Transfers

PATH = "/local/files/{name:path}"
METHODS = ["HEAD", "GET", "PUT"]


def endpoint(transfers: Transfers, uploads: Path) -> Callable[[Request], Awaitable[Response]]:
    """uploads: where files are until they are whole, on the stages' file system."""

    async def answer(request: Request) -> Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        transfer = transfers.find(token)
        file = transfer.file(request.path_params["name"]) if transfer else None
        if transfer is None or file is None or (request.method == "PUT" and not transfer.writes):
            # What the client does not ask again after.
            return Response(status_code=401)
        if request.method == "PUT":
            await _write(request, file, uploads)
            return Response()
        if not await anyio.to_thread.run_sync(file.is_file):
            return Response(status_code=404)
        return FileResponse(file)

    return answer


async def _write(request: Request, file: Path, uploads: Path) -> None:
    """A file is in the stage once it is there as a whole."""
    uploads.mkdir(mode=0o700, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=uploads)
    try:
        with os.fdopen(handle, "wb") as opened:
            async for chunk in request.stream():
                await anyio.to_thread.run_sync(opened.write, chunk)
        file.parent.mkdir(parents=True, exist_ok=True)
        Path(name).replace(file)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
