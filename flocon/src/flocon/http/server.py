"""The HTTP face of the account: logins, statements, cancellation.

Routes are those that snowflake-connector-python asks for, and /local/state. Whatever comes gets an
answer that the connector does not repeat: it repeats a request after every HTTP 5xx, 400 and 403.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import ipaddress
import re
import secrets
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from flocon.account import Account
from flocon.core import errors, result
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.engine import translate
from flocon.http import bodies, login_messages, statement_log, wire
from flocon.http.answers import Answers
from flocon.http.credentials import Credentials
from flocon.http.logins import IDLE_SECONDS, Login, Logins
from flocon.http.queries import Queries, Query
from flocon.session import cancellation

# Logins and logouts, and cancellations, have threads of their own: they wait for no statement's.
_SESSION_THREADS = 64
_CANCEL_THREADS = 64
# So long a request waits for its statement's answer; then its client hears that it is in progress,
# and asks again. A client that hears nothing for minutes would send its statement once more.
PATIENCE_SECONDS = 40.0
_ENDS_TRANSACTION = re.compile(r"\s*(COMMIT|ROLLBACK)\b", re.IGNORECASE)
_KEY_PAIR = "SNOWFLAKE_JWT"

Endpoint = Callable[[Request], Awaitable[JSONResponse]]


class Server:
    """Serves one account."""

    def __init__(
        self,
        account: Account,
        *,
        credentials: Credentials | None = None,
        idle_seconds: float = IDLE_SECONDS,
        largest_request: int = bodies.LARGEST,
        log_statements: bool = False,
        queries: Queries | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._account = account
        self._credentials = credentials or Credentials()
        self._largest = largest_request
        self._log_statements = log_statements
        self._logins = Logins(account, idle_seconds)
        account.chores.append(self._logins.sweep)
        # The query ids of the requests that are being answered.
        self._requests: dict[str, str] = {}
        self._answers = Answers()
        self._queries = queries or Queries()
        self._patience = patience
        self._lock = threading.Lock()
        self._session_limit = anyio.CapacityLimiter(_SESSION_THREADS)
        self._cancel_limit = anyio.CapacityLimiter(_CANCEL_THREADS)

    def application(self, lifespan: Callable[[Starlette], Any] | None = None) -> Starlette:
        post, get = ["POST"], ["GET"]
        routes = [
            ("/session/v1/login-request", self._login, post),
            ("/session/token-request", self._expired, post),
            ("/session/heartbeat", self._heartbeat, post),
            ("/session", self._logout, post),
            ("/queries/v1/query-request", self._query, post),
            ("/queries/v1/abort-request", self._abort, post),
            ("/queries/{query_id}/abort-request", self._abort_query, post),
            ("/queries/{query_id}/result", self._result, get),
            ("/monitoring/queries/{query_id}", self._status, get),
            ("/telemetry/send", self._telemetry, post),
            ("/local/state", self._state, get),
        ]
        return Starlette(
            routes=[
                Route(path, self._answering(endpoint), methods=methods)
                for path, endpoint, methods in routes
            ],
            exception_handlers={HTTPException: _no_route},
            lifespan=lifespan,
        )

    def close(self) -> None:
        """Begin nothing more."""
        self._queries.close()

    def _answering(self, endpoint: Endpoint) -> Endpoint:
        """Whatever goes wrong with a request, its client learns of it, and sees no traceback."""

        async def answer(request: Request) -> JSONResponse:
            if not (self._credentials.required or self._is_addressed(request)):
                return _refused(421, "This account does not answer to that host name.")
            try:
                return await endpoint(request)
            except SnowflakeError as error:
                return JSONResponse(wire.failure(error))
            except bodies.TooLarge as error:
                return _refused(413, str(error))
            except TimeoutError:
                return _refused(408, "The request did not arrive in time.")
            except Exception as error:
                statement_log.fault(error, f"{request.method} {request.url.path}")
                return JSONResponse(wire.failure(translate(error)))

        return answer

    def _is_addressed(self, request: Request) -> bool:
        """Where no password keeps strangers out, a web page's script must not get in by a name of
        its own that leads to this machine (DNS rebinding)."""
        host = request.url.hostname or ""
        if host in ("localhost", self._account.host.lower().strip("[]")):
            return True
        try:
            return ipaddress.ip_address(host).is_loopback
        except ValueError:
            return False

    # --- sessions ----------------------------------------------------------------------------

    async def _login(self, request: Request) -> JSONResponse:
        data = wire.fields(await _document(request, bodies.LARGEST_LOGIN), "data")
        parameters = wire.fields(data, "SESSION_PARAMETERS")
        user, password = str(data.get("LOGIN_NAME") or "LOCAL"), str(data.get("PASSWORD", ""))
        if session := self._account.redeem_pass(password):
            return JSONResponse(
                login_messages.welcome(session, self._logins.open(session, password))
            )
        user = user.upper()
        if str(data.get("AUTHENTICATOR", "")).upper() == _KEY_PAIR:
            self._account.users.check_token(user, str(data.get("TOKEN", "")))
        else:
            self._credentials.check(user, password)
            self._account.users.check_password_login(user)
        query = request.query_params
        role = self._account.users.login_role(user, login_messages.name(query.get("roleName")))
        defaults = self._account.users.defaults(user)
        session = await anyio.to_thread.run_sync(
            lambda: self._account.open_session(
                user=user,
                role=role,
                warehouse=login_messages.name(query.get("warehouse")) or defaults.get("warehouse"),
                database=login_messages.name(query.get("databaseName")) or defaults.get("database"),
                schema=login_messages.name(query.get("schemaName")) or defaults.get("schema"),
                parameters=login_messages.session_parameters(parameters),
            ),
            limiter=self._session_limit,
        )
        session.guard.secondary = self._account.users.has_secondary(user)
        return JSONResponse(login_messages.welcome(session, self._logins.open(session)))

    async def _expired(self, request: Request) -> JSONResponse:
        """A session is as long as its login: there is nothing to renew."""
        raise SnowflakeError(
            errors.UNKNOWN_SESSION, "Session no longer exists. New login required."
        )

    async def _heartbeat(self, request: Request) -> JSONResponse:
        self._find(request)
        return JSONResponse({"data": None, "success": True})

    async def _logout(self, request: Request) -> JSONResponse:
        if session := self._logins.end(_token(request)):
            await anyio.to_thread.run_sync(session.close, limiter=self._session_limit)
        return JSONResponse({"data": None, "success": True})

    async def _telemetry(self, request: Request) -> JSONResponse:
        self._find(request)
        return JSONResponse({"data": "Log Received", "success": True})

    async def _state(self, request: Request) -> JSONResponse:
        self._find(request)
        state = await anyio.to_thread.run_sync(self._account.state, limiter=self._session_limit)
        numbers = {**state, "logins": len(self._logins), "queries": len(self._queries)}
        return JSONResponse({"data": numbers, "success": True})

    def _find(self, request: Request) -> Login:
        """The request's login. Raises 390104 or 390114 where it has none."""
        return self._logins.find(_token(request))

    # --- statements --------------------------------------------------------------------------

    async def _query(self, request: Request) -> JSONResponse:
        login = self._find(request)
        statement = wire.read_statement(await _document(request, self._largest))
        request_id = request.query_params.get("requestId", secrets.token_hex(8))
        query_id = result.new_id()
        # From here on it is within reach of who cancels it, though it may wait for a thread.
        self._account.running.open(login.session.id, query_id)
        with self._lock:
            self._requests.setdefault(request_id, query_id)
        if statement.asynchronous:
            work = functools.partial(self._answer, login, statement, query_id)
            self._queries.keep(query_id, self._begin(login, statement, query_id, work))
            return _in_progress(query_id, "333334")
        key = (_token(request), request_id)
        query = self._begin(
            login,
            statement,
            query_id,
            lambda: self._answers.once(key, lambda: self._answer(login, statement, query_id)),
        )
        if (response := await self._waited_for(query, self._patience)) is not None:
            return JSONResponse(response)
        self._queries.keep(query_id, query)
        return _in_progress(query_id)

    def _begin(
        self,
        login: Login,
        statement: wire.Statement,
        query_id: str,
        work: Callable[[], dict[str, Any]],
    ) -> Query:
        """While a request waits its client is not silent, though it says nothing more."""
        session = login.session
        others_wait = session.transaction is not None or _ENDS_TRANSACTION.match(statement.sql)
        session.request_came()

        def done() -> dict[str, Any]:
            try:
                return work()
            finally:
                session.request_ended()
                self._over(query_id)

        return self._queries.begin(
            session.user,
            done,
            is_call=statement.sql.lstrip()[:4].upper() == "CALL",
            at_once=login.nested or bool(others_wait),
        )

    async def _waited_for(self, query: Query, seconds: float) -> dict[str, Any] | None:
        """The query's response; None where it takes longer."""
        done = asyncio.wrap_future(query.done)
        await asyncio.wait([done], timeout=seconds)
        return done.result() if done.done() else None

    def _answer(
        self,
        login: Login,
        statement: wire.Statement,
        query_id: str,
    ) -> dict[str, Any]:
        session = login.session
        started = time.perf_counter()
        rows: int | None = None
        try:
            with self._logins.at_work(login):
                answer = self._execute(login, statement, query_id)
            self._account.results.keep(answer, session.user)
            response = wire.success(
                answer, session.database, session.schema, str(session.parameters["TIMEZONE"])
            )
            rows = answer.table.num_rows if answer.affected is None else answer.affected
        except Exception as error:
            response = wire.failure(self._explained(error, statement.sql), query_id)
        if self._log_statements:
            statement_log.statement(
                session=session.id,
                user=session.user,
                seconds=time.perf_counter() - started,
                rows=rows,
                code=None if response["success"] else response["code"],
                sql=statement.sql,
            )
        return response

    def _over(self, query_id: str) -> None:
        """Nobody can cancel it any more."""
        if running := self._account.running.find(query_id):
            self._account.running.close(running)
        with self._lock:
            for request_id in [r for r, q in self._requests.items() if q == query_id]:
                del self._requests[request_id]

    def _explained(self, error: Exception, sql: str) -> SnowflakeError:
        """A fault of the account's own is logged with its statement; others are the client's."""
        explained = translate(error, sql)
        if explained.errno == errors.INTERNAL.errno:
            statement_log.fault(error, sql)
        return explained

    def _execute(self, login: Login, statement: wire.Statement, query_id: str) -> Result:
        session = login.session
        if "QUERY_TAG" in statement.parameters:
            session.parameters["QUERY_TAG"] = statement.parameters["QUERY_TAG"]
        return session.execute(
            statement.sql,
            statement.binds,
            describe=statement.describe,
            nested=login.nested,
            query_id=query_id,
            rows=statement.batch,
        )

    async def _abort(self, request: Request) -> JSONResponse:
        """Cancel a request of the same session; one that is over is none."""
        own = self._find(request).session
        # The connector sends the statement's text along.
        document = await _document(request, self._largest)
        with self._lock:
            query_id = self._requests.get(str(document.get("requestId")), "")
        statement = self._account.running.find(query_id)
        if statement and statement.session_id == own.id:
            await anyio.to_thread.run_sync(statement.cancel, limiter=self._cancel_limit)
        return JSONResponse({"data": None, "success": True})

    async def _abort_query(self, request: Request) -> JSONResponse:
        """Cancel a query by its id, as SYSTEM$CANCEL_QUERY does."""
        login = self._find(request)
        statement = self._account.running.find(request.path_params["query_id"])
        if statement is None or not cancellation.may_cancel(login.session, statement):
            statement = None
        if statement is None or not await anyio.to_thread.run_sync(
            statement.cancel, limiter=self._cancel_limit
        ):
            raise SnowflakeError(
                errors.NOT_EXECUTING, "Identified SQL statement is not currently executing."
            )
        return JSONResponse({"data": None, "success": True})

    async def _status(self, request: Request) -> JSONResponse:
        session = self._find(request).session
        query_id = request.path_params["query_id"]
        query = self._queries.find(query_id)
        if query is None or not session.guard.may_cancel(query.user):
            has = query is None and self._account.results.has(query_id, session.user)
            known = [{"status": "SUCCESS"}] if has else []
            return JSONResponse({"data": {"queries": known}, "success": True})
        found: dict[str, Any] = {"status": "RUNNING" if query.response is None else "SUCCESS"}
        if query.response and not query.response["success"]:
            found = {
                "status": "FAILED_WITH_ERROR",
                "errorCode": query.response["code"],
                "errorMessage": query.response["message"],
            }
        return JSONResponse({"data": {"queries": [found]}, "success": True})

    async def _result(self, request: Request) -> JSONResponse:
        """A query's answer is its user's alone, as RESULT_SCAN's is."""
        session = self._find(request).session
        query_id = request.path_params["query_id"]
        query = self._queries.find(query_id)
        if query is None or query.user != session.user:
            raise SnowflakeError(errors.UNKNOWN_STATEMENT, f"Statement {query_id} not found")
        response = await self._waited_for(query, self._patience)
        return JSONResponse(response) if response is not None else _in_progress(query_id)


def _in_progress(query_id: str, code: str = "333333") -> JSONResponse:
    """The client is to ask for the answer; 333334 is for a query that it does not wait for."""
    data = {
        "queryId": query_id,
        "getResultUrl": f"/queries/{query_id}/result",
        "queryAbortsAfterSecs": 3600,
        "progressDesc": None,
    }
    return JSONResponse({"data": data, "code": code, "message": None, "success": True})


async def _document(request: Request, limit: int) -> dict[str, Any]:
    try:
        return await bodies.document(request, limit)
    except ValueError as error:
        raise wire.unreadable(error) from None


def _refused(status: int, message: str) -> JSONResponse:
    """A refusal by HTTP status. The rest of the request, if any, is not read."""
    content = {"data": None, "code": f"{status}", "message": message, "success": False}
    return JSONResponse(content, status, headers={"Connection": "close"})


async def _no_route(request: Request, error: Exception) -> JSONResponse:
    status = error.status_code if isinstance(error, HTTPException) else 404
    return _refused(status, f"The account has no {request.method} {request.url.path}.")


def _token(request: Request) -> str:
    """Authorization: Snowflake Token="…" """
    header = request.headers.get("Authorization", "")
    return header.partition('Token="')[2].rstrip('"')


def lifespan_of(start: Callable[[], None], stop: Callable[[], None]) -> Callable[[Starlette], Any]:
    """Run these around the server's life."""

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        start()
        yield
        stop()

    return lifespan
