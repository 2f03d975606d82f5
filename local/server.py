"""The HTTP face of the account: logins, statements, cancellation.

Routes are those that snowflake-connector-python asks for.
"""

from __future__ import annotations

import contextlib
import logging
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from local import errors, result, wire
from local.account import Account
from local.answers import Answers
from local.engine import translate
from local.errors import SnowflakeError
from local.result import Result
from local.session import Session

logger = logging.getLogger(__name__)

# Each client waits in a thread of its own, a procedure's statements in others: a CALL never takes
# the thread that its own statements need.
_STATEMENT_THREADS = 256
_CALL_THREADS = 256
_KEPT_RESULTS = 100
_SERVER_VERSION = "10.0.0"


@dataclass
class _Login:
    session: Session
    # A procedure's login continues its caller's session, as long as its pass is good.
    procedure_pass: str | None = None

    @property
    def nested(self) -> bool:
        return self.procedure_pass is not None


@dataclass
class _Query:
    """An asynchronous query: running until its response is there."""

    session: Session
    response: dict[str, Any] | None = None
    failed: bool = False


class Server:
    """Serves one account."""

    def __init__(self, account: Account, *, log_statements: bool = False) -> None:
        self._account = account
        self._log_statements = log_statements
        self._logins: dict[str, _Login] = {}
        self._running: dict[str, Session] = {}
        self._answers = Answers()
        self._queries: OrderedDict[str, _Query] = OrderedDict()
        self._lock = threading.Lock()
        self._statement_limit = anyio.CapacityLimiter(_STATEMENT_THREADS)
        self._call_limit = anyio.CapacityLimiter(_CALL_THREADS)

    def application(self, lifespan: Callable[[Starlette], Any] | None = None) -> Starlette:
        post, get = ["POST"], ["GET"]
        return Starlette(
            routes=[
                Route("/session/v1/login-request", self._login, methods=post),
                Route("/session/token-request", self._expired, methods=post),
                Route("/session/heartbeat", self._heartbeat, methods=post),
                Route("/session", self._logout, methods=post),
                Route("/queries/v1/query-request", self._query, methods=post),
                Route("/queries/v1/abort-request", self._abort, methods=post),
                Route("/queries/{query_id}/result", self._result, methods=get),
                Route("/monitoring/queries/{query_id}", self._status, methods=get),
                Route("/telemetry/send", self._telemetry, methods=post),
            ],
            lifespan=lifespan,
        )

    # --- sessions ----------------------------------------------------------------------------

    async def _login(self, request: Request) -> JSONResponse:
        try:
            data = dict((await _document(request)).get("data") or {})
            parameters = dict(data.get("SESSION_PARAMETERS") or {})
        except (ValueError, TypeError, OSError) as error:
            return JSONResponse(
                wire.failure(SnowflakeError(errors.SYNTAX, f"Unreadable login: {error}"))
            )
        password = str(data.get("PASSWORD", ""))
        if session := self._account.redeem_pass(password):
            login = _Login(session, password)
        else:
            query = request.query_params
            session = await anyio.to_thread.run_sync(
                lambda: self._account.open_session(
                    user=str(data.get("LOGIN_NAME") or "LOCAL").upper(),
                    role=_name(query.get("roleName")),
                    warehouse=_name(query.get("warehouse")),
                    database=_name(query.get("databaseName")),
                    schema=_name(query.get("schemaName")),
                    parameters=_session_parameters(parameters),
                ),
                limiter=self._statement_limit,
            )
            login = _Login(session)
        token = secrets.token_urlsafe(32)
        with self._lock:
            self._logins[token] = login
        return JSONResponse({"data": _welcome(session, token), "success": True})

    async def _expired(self, request: Request) -> JSONResponse:
        """A session is as long as its login: there is nothing to renew."""
        return JSONResponse(_gone())

    async def _heartbeat(self, request: Request) -> JSONResponse:
        if self._find(request) is None:
            return JSONResponse(_gone())
        return JSONResponse({"data": None, "success": True})

    async def _logout(self, request: Request) -> JSONResponse:
        with self._lock:
            login = self._logins.pop(_token(request), None)
        if login and not login.nested:
            await anyio.to_thread.run_sync(login.session.close, limiter=self._statement_limit)
        return JSONResponse({"data": None, "success": True})

    async def _telemetry(self, request: Request) -> JSONResponse:
        return JSONResponse({"data": "Log Received", "success": True})

    def _find(self, request: Request) -> _Login | None:
        token = _token(request)
        with self._lock:
            login = self._logins.get(token)
            if login and login.procedure_pass and not self._account.has_pass(login.procedure_pass):
                # The call is over: what its process still sends must not reach the session.
                del self._logins[token]
                return None
            return login

    # --- statements --------------------------------------------------------------------------

    async def _query(self, request: Request) -> JSONResponse:
        login = self._find(request)
        if login is None:
            return JSONResponse(_gone())
        try:
            statement = wire.read_statement(await _document(request))
        except Exception as error:
            # Whatever is wrong with it: an HTTP 500 would make the client try again and again.
            return JSONResponse(
                wire.failure(SnowflakeError(errors.SYNTAX, f"Unreadable request: {error}"))
            )
        request_id = request.query_params.get("requestId", secrets.token_hex(8))
        is_call = statement.sql.lstrip()[:4].upper() == "CALL"
        limit = self._call_limit if is_call else self._statement_limit
        if statement.asynchronous:
            return self._start(login, statement, request_id)
        response = await anyio.to_thread.run_sync(
            lambda: self._answers.once(
                (_token(request), request_id), lambda: self._answer(login, statement, request_id)
            ),
            limiter=limit,
        )
        return JSONResponse(response)

    def _start(self, login: _Login, statement: wire.Statement, request_id: str) -> JSONResponse:
        """Begin an asynchronous query; its answer is fetched by id."""
        query_id = result.new_id()
        query = _Query(login.session)
        with self._lock:
            self._queries[query_id] = query
            while len(self._queries) > _KEPT_RESULTS:
                self._queries.popitem(last=False)

        def run() -> None:
            response = self._answer(login, statement, request_id, query_id)
            query.failed = not response["success"]
            query.response = response

        threading.Thread(target=run, name=f"query-{query_id}", daemon=True).start()
        return JSONResponse(
            {
                "data": {
                    "queryId": query_id,
                    "getResultUrl": f"/queries/{query_id}/result",
                    "queryAbortsAfterSecs": 3600,
                    "progressDesc": None,
                },
                "code": "333334",
                "message": None,
                "success": True,
            }
        )

    def _answer(
        self,
        login: _Login,
        statement: wire.Statement,
        request_id: str,
        query_id: str | None = None,
    ) -> dict[str, Any]:
        session = login.session
        query_id = query_id or result.new_id()
        started = time.perf_counter()
        with self._lock:
            self._running[request_id] = session
        try:
            answer = self._execute(login, statement, query_id)
            self._account.keep_result(answer)
            response = wire.success(
                answer, session.database, session.schema, str(session.parameters["TIMEZONE"])
            )
        except Exception as error:
            response = wire.failure(self._explained(error, statement.sql), query_id)
        finally:
            with self._lock:
                self._running.pop(request_id, None)
        if self._log_statements:
            logger.info(
                "%s %7.1f ms %s %s",
                session.id[:8],
                (time.perf_counter() - started) * 1000,
                "ok" if response["success"] else response["code"],
                " ".join(statement.sql.split())[:500],
            )
        return response

    def _explained(self, error: Exception, sql: str) -> SnowflakeError:
        """A fault of the account's own is logged with its statement; others are the client's."""
        explained = translate(error, sql)
        if explained.errno == errors.INTERNAL.errno:
            logger.error("internal error in: %s", sql, exc_info=error)
        return explained

    def _execute(self, login: _Login, statement: wire.Statement, query_id: str) -> Result:
        session = login.session
        if "QUERY_TAG" in statement.parameters:
            session.parameters["QUERY_TAG"] = statement.parameters["QUERY_TAG"]
        if statement.batch is not None:
            answer = session.execute_many(statement.sql, statement.batch)
            answer.query_id = query_id
            return answer
        return session.execute(
            statement.sql,
            statement.binds,
            describe=statement.describe,
            nested=login.nested,
            query_id=query_id,
        )

    async def _abort(self, request: Request) -> JSONResponse:
        try:
            document = await _document(request)
        except (ValueError, OSError):
            document = {}
        with self._lock:
            session = self._running.get(str(document.get("requestId")))
        if session:
            await anyio.to_thread.run_sync(session.cancel, limiter=self._statement_limit)
        return JSONResponse({"data": None, "success": True})

    async def _status(self, request: Request) -> JSONResponse:
        query_id = request.path_params["query_id"]
        query = self._queries.get(query_id)
        if query is None:
            known = [{"status": "SUCCESS"}] if self._account.has_result(query_id) else []
            return JSONResponse({"data": {"queries": known}, "success": True})
        status = "RUNNING" if query.response is None else "SUCCESS"
        found: dict[str, Any] = {"status": status}
        if query.failed and query.response:
            found = {
                "status": "FAILED_WITH_ERROR",
                "errorCode": query.response["code"],
                "errorMessage": query.response["message"],
            }
        return JSONResponse({"data": {"queries": [found]}, "success": True})

    async def _result(self, request: Request) -> JSONResponse:
        query_id = request.path_params["query_id"]
        query = self._queries.get(query_id)
        if query is None:
            missing = SnowflakeError(errors.UNKNOWN_STATEMENT, f"Statement {query_id} not found")
            return JSONResponse(wire.failure(missing))
        deadline = time.monotonic() + 30
        while query.response is None and time.monotonic() < deadline:
            await anyio.sleep(0.02)
        if query.response is None:
            data = {"queryId": query_id, "getResultUrl": f"/queries/{query_id}/result"}
            return JSONResponse({"data": data, "code": "333333", "success": True, "message": None})
        return JSONResponse(query.response)


async def _document(request: Request) -> dict[str, Any]:
    return wire.read_json(await request.body(), request.headers.get("Content-Encoding"))


def _token(request: Request) -> str:
    """Authorization: Snowflake Token="…" """
    header = request.headers.get("Authorization", "")
    return header.partition('Token="')[2].rstrip('"')


def _name(text: str | None) -> str | None:
    if not text:
        return None
    return text[1:-1] if text.startswith('"') else text.upper()


def _session_parameters(parameters: dict[str, Any]) -> dict[str, Any]:
    wanted = ("AUTOCOMMIT", "TIMEZONE", "QUERY_TAG")
    return {name: value for name, value in parameters.items() if name in wanted}


def _gone() -> dict[str, Any]:
    return wire.failure(
        SnowflakeError(errors.UNKNOWN_SESSION, "Session no longer exists. New login required.")
    )


def _welcome(session: Session, token: str) -> dict[str, Any]:
    return {
        "token": token,
        "masterToken": token,
        "validityInSeconds": 14400,
        "masterValidityInSeconds": 14400,
        "displayUserName": session.user,
        "serverVersion": _SERVER_VERSION,
        "sessionId": int(session.id.replace("-", "")[:12], 16),
        "parameters": [
            {"name": "AUTOCOMMIT", "value": session.parameters["AUTOCOMMIT"]},
            {"name": "TIMEZONE", "value": session.parameters["TIMEZONE"]},
            {"name": "CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY", "value": 3600},
            # Rows of executemany come with the statement, never through a stage.
            {"name": "CLIENT_STAGE_ARRAY_BINDING_THRESHOLD", "value": 0},
        ],
        "sessionInfo": {
            "databaseName": session.database,
            "schemaName": session.schema,
            "warehouseName": session.warehouse,
            "roleName": session.role,
        },
    }


def lifespan_of(start: Callable[[], None], stop: Callable[[], None]) -> Callable[[Starlette], Any]:
    """Run these around the server's life."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        start()
        yield
        stop()

    return lifespan
