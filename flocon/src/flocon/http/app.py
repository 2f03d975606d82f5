"""The account's web application: logins, statements, cancellations, and /local/state.

Its addresses are those that snowflake-connector-python asks for. Whatever comes gets an answer that
the connector does not repeat: it repeats a request after every HTTP 5xx, 400 and 403.
"""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import secrets
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

import anyio
import orjson
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response as HttpResponse
from starlette.routing import Route

from flocon.account import Account
from flocon.core import errors
from flocon.core.errors import SnowflakeError
from flocon.core.result import Result
from flocon.engine import translate
from flocon.http import bodies, files, multi_statements, protocol, statement_log
from flocon.http.logins import IDLE_SECONDS, Credentials, Login, Logins
from flocon.http.protocol import Keep, Response, Statement
from flocon.http.threads import Threads
from flocon.session import cancellation, parameters
from flocon.stores import queries
from flocon.stores.queries import Names, Query

# Logins and logouts, and cancellations, have threads of their own: they wait for no statement's.
_SESSION_THREADS = 64
_CANCEL_THREADS = 64
# So long a request waits for its statement's answer; then its client hears that it is in progress,
# and asks again. A client that hears nothing for minutes would send its statement once more.
PATIENCE_SECONDS = 40.0

# Without the encoding a client that fetches a part in JSON guesses it, which takes seconds.
_PART = "application/octet-stream; charset=utf-8"

Endpoint = Callable[[Request], Awaitable[HttpResponse]]


class Answer(HttpResponse):
    """JSON, written by what reads the requests."""

    media_type = "application/json"

    def render(self, content: Any) -> bytes:
        return orjson.dumps(content)


class App:
    """Serves one account."""

    def __init__(
        self,
        account: Account,
        *,
        credentials: Credentials | None = None,
        idle_seconds: float = IDLE_SECONDS,
        largest_request: int = bodies.LARGEST,
        log_statements: bool = False,
        threads: Threads | None = None,
        patience: float = PATIENCE_SECONDS,
    ) -> None:
        self._account = account
        self._queries = account.stores.queries
        self._credentials = credentials or Credentials()
        self._largest = largest_request
        self._log_statements = log_statements
        self._logins = Logins(account.sessions, idle_seconds)
        account.chores += [self._logins.sweep, account.stores.result_parts.sweep]
        self._threads = threads or Threads()
        self._patience = patience
        self._files = files.endpoint(account.stores.transfers, account.stores.data / "uploads")
        self._session_limit = anyio.CapacityLimiter(_SESSION_THREADS)
        self._cancel_limit = anyio.CapacityLimiter(_CANCEL_THREADS)

    def routed(self, lifespan: Callable[[Starlette], Any] | None = None) -> Starlette:
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
            ("/api/v2/databases/{name}", self._database, get),
            (files.PATH, self._files, files.METHODS),
            (protocol.PARTS, self._part, get),
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
        self._threads.close()

    def _answering(self, endpoint: Endpoint) -> Endpoint:
        """Whatever goes wrong with a request, its client learns of it, and sees no traceback."""

        async def answer(request: Request) -> HttpResponse:
            if not (self._credentials.required or self._is_addressed(request)):
                return _refused(421, "This account does not answer to that host name.")
            try:
                return await endpoint(request)
            except SnowflakeError as error:
                return Answer(protocol.failure(error))
            except bodies.TooLarge as error:
                return _refused(413, str(error))
            except TimeoutError:
                return _refused(408, "The request did not arrive in time.")
            except asyncio.CancelledError:
                # The account stops and waits no longer. 503 has the client ask again.
                return _refused(503, "The account is being stopped.")
            except Exception as error:
                statement_log.fault(error, f"{request.method} {request.url.path}")
                return Answer(protocol.failure(translate(error)))

        return answer

    def _is_addressed(self, request: Request) -> bool:
        """Where no password keeps strangers out, a web page's script must not get in by a name of
        its own that leads to this machine (DNS rebinding)."""
        header = request.headers.get("host")
        if header is None:
            # So old is HTTP of 1.0 alone, and no browser's.
            return True
        host = _host(header)
        return _is_loopback(host) or host == self._account.stores.host.lower().strip("[]")

    # --- sessions ----------------------------------------------------------------------------

    async def _login(self, request: Request) -> Answer:
        document = await _document(request, bodies.LARGEST_LOGIN)
        asked = protocol.read_login(document, request.query_params)
        if session := self._account.sessions.redeem_pass(asked.password):
            token = self._logins.open(session, asked.password)
            return Answer(protocol.welcome(session, token))
        users = self._account.stores.users
        if asked.token is not None:
            users.check_token(asked.user, asked.token)
        else:
            self._credentials.check(asked.user, asked.password)
            users.check_password_login(asked.user)
        role = users.login_role(asked.user, asked.role)
        defaults = users.defaults(asked.user)
        session = await anyio.to_thread.run_sync(
            lambda: self._account.open_session(
                user=asked.user,
                role=role,
                warehouse=asked.warehouse or defaults.get("warehouse"),
                database=asked.database or defaults.get("database"),
                schema=asked.schema or defaults.get("schema"),
                parameters=asked.parameters,
                names_exist=asked.names_exist,
            ),
            limiter=self._session_limit,
        )
        session.connection.set_variable("client", asked.client)
        session.context.access.secondary = users.has_secondary(asked.user)
        address = f"{request.base_url}local" if asked.uploads else None
        token = self._logins.open(session, files_address=address)
        return Answer(protocol.welcome(session, token))

    async def _expired(self, request: Request) -> Answer:
        """A session is as long as its login: there is nothing to renew."""
        raise SnowflakeError(
            errors.UNKNOWN_SESSION, "Session no longer exists. New login required."
        )

    async def _heartbeat(self, request: Request) -> Answer:
        self._find(request)
        return Answer(protocol.done())

    async def _logout(self, request: Request) -> Answer:
        if session := self._logins.end(_token(request)):
            await anyio.to_thread.run_sync(session.close, limiter=self._session_limit)
        return Answer(protocol.done())

    async def _telemetry(self, request: Request) -> Answer:
        self._find(request)
        return Answer(protocol.done("Log Received"))

    async def _state(self, request: Request) -> Answer:
        self._find(request)
        state = await anyio.to_thread.run_sync(
            self._account.stores.state, limiter=self._session_limit
        )
        return Answer(protocol.done({**state, "logins": len(self._logins)}))

    async def _database(self, request: Request) -> HttpResponse:
        """Snowflake's REST API is not here. `snow object create` asks it for the database first:
        it then says itself that it cannot, instead of that there is no such database.

        https://docs.snowflake.com/en/developer-guide/snowflake-rest-api/reference/database
        """
        context = self._find(request).session.context
        name = request.path_params["name"].upper()

        def finds() -> bool:
            with context.transactions.lock:
                return context.access.finds("DATABASE", name)

        if not await anyio.to_thread.run_sync(finds, limiter=self._session_limit):
            return _refused(404, f"There is no database {name}.")
        return Answer({"name": name})

    def _find(self, request: Request) -> Login:
        """The request's login. Raises 390104 for an unknown token, 390114 for an expired one."""
        return self._logins.find(_token(request))

    # --- statements --------------------------------------------------------------------------

    async def _query(self, request: Request) -> Answer:
        login = self._find(request)
        session = login.session
        statement = protocol.read_statement(await _document(request, self._largest))
        request_id = request.query_params.get("requestId", secrets.token_hex(8))
        key = (session.id, request_id)
        query, is_new = self._queries.open_request(key, session.id, session.user)
        if not is_new:
            # The client does not know whether its request arrived the first time.
            return await self._answer_later(request, query, asynchronous=statement.asynchronous)
        query.awaited = statement.asynchronous
        work = self._begin(login, statement, query, self._keep_for(request))
        if statement.asynchronous:
            return Answer(protocol.in_progress(query.id, asynchronous=True))
        answer = asyncio.wrap_future(work)
        if not await _is_done(answer, self._patience) and self._queries.await_client(query):
            return Answer(protocol.in_progress(query.id))
        response = await answer
        return Answer(response) if response else await self._answer_later(request, query)

    def _keep_for(self, request: Request) -> Keep:
        """Parts of an answer are fetched where their client has found the account."""
        parts = self._account.stores.result_parts
        return lambda found: protocol.kept(parts.keep(found), str(request.base_url).rstrip("/"))

    def _begin(
        self, login: Login, statement: Statement, query: Query, keep: Keep
    ) -> Future[Response | None]:
        """While a request waits its client is not silent, though it says nothing more."""
        session = login.session
        transactions = session.context.transactions
        ends = transactions.transaction is not None or statement.text.ends_transaction
        transactions.request_came()

        def work() -> Response | None:
            try:
                return self._run(login, statement, query, keep)
            finally:
                transactions.request_ended()

        return self._threads.begin(
            work, is_call=statement.text.is_call, others_wait=login.nested or ends
        )

    def _run(self, login: Login, statement: Statement, query: Query, keep: Keep) -> Response | None:
        """Run a query to its end. Returns the response, None where its client asks for it later."""
        session, sql = login.session, statement.text
        started = time.perf_counter()
        outcome: Result | SnowflakeError
        response = None
        try:
            with self._logins.at_work(login):
                outcome = self._execute(login, statement, query)
            names = protocol.current_names(session.context, statement.parameters)
            if not query.awaited:
                response = protocol.answer(query.id, outcome, names, keep)
        except Exception as error:
            outcome, names = self._explained(error, sql), Names()
            response = protocol.failure(outcome, query.id)
        self._queries.close(query, outcome, names)
        if self._log_statements:
            _log(session.id, session.user, time.perf_counter() - started, outcome, sql)
        return response

    def _execute(self, login: Login, statement: Statement, query: Query) -> Result:
        session = login.session
        session.context.files_address = login.files_address
        if login.nested and not statement.internal and statement.text.moves_files:
            # https://docs.snowflake.com/en/developer-guide/stored-procedure/python/procedure-python-limitations
            raise errors.barred_to_procedures(f"{statement.text.first_word}_FILES")
        if statement.parameters:
            parameters.check_statement(statement.parameters, session.context.parameters)
        if multi_statements.are_in(session, statement):
            queries = self._queries
            return multi_statements.execute(session, queries, statement, query, nested=login.nested)
        return session.execute(
            statement.text,
            statement.binds,
            describe=statement.describe,
            nested=login.nested,
            query_id=query.id,
            rows=statement.batch,
            spares_transaction=statement.spares_transaction,
        )

    def _explained(self, error: Exception, sql: str) -> SnowflakeError:
        """A fault of the account's own is logged with its statement; others are the client's."""
        explained = translate(error, sql)
        if explained.errno == errors.INTERNAL.errno:
            statement_log.fault(error, sql)
        return explained

    # --- queries by their ids ----------------------------------------------------------------

    async def _result(self, request: Request) -> Answer:
        """A query's answer is its user's alone, as RESULT_SCAN's is."""
        session = self._find(request).session
        query_id = request.path_params["query_id"]
        query = self._queries.find(query_id)
        if query is None or query.user != session.user:
            raise queries.unknown(query_id)
        return await self._answer_later(request, query)

    async def _part(self, request: Request) -> HttpResponse:
        """A further part of a large answer: whoever got the answer has the key."""
        read, path = self._account.stores.result_parts.read, request.path_params
        key = request.headers.get(protocol.KEY_OF_PARTS, "")
        number = path["number"]
        content = (
            number.isascii()
            and number.isdigit()
            and await anyio.to_thread.run_sync(read, path["name"], int(number), key)
        )
        if not content:
            return HttpResponse(status_code=404)
        return HttpResponse(content, media_type=_PART)

    async def _answer_later(
        self, request: Request, query: Query, *, asynchronous: bool = False
    ) -> Answer:
        """What a client is told that asks for the answer of a query that began before."""
        if asynchronous or not await _is_done(asyncio.wrap_future(query.over), self._patience):
            self._queries.await_client(query)
            return Answer(protocol.in_progress(query.id, asynchronous=asynchronous))
        response = await anyio.to_thread.run_sync(
            protocol.answer, query.id, query.outcome, query.names, self._keep_for(request)
        )
        return Answer(response)

    async def _status(self, request: Request) -> Answer:
        """To others than its user and ACCOUNTADMIN a query is not there."""
        session = self._find(request).session
        query = self._queries.find(request.path_params["query_id"])
        if query and not session.context.access.may_cancel(query.user):
            query = None
        return Answer(protocol.query_status(query))

    async def _abort(self, request: Request) -> Answer:
        """Cancel a request of the same session; one that is over is left alone."""
        session = self._find(request).session
        # The connector sends the statement's text along.
        document = await _document(request, self._largest)
        if query := self._queries.find_request((session.id, str(document.get("requestId")))):
            await anyio.to_thread.run_sync(query.cancel, limiter=self._cancel_limit)
        return Answer(protocol.done())

    async def _abort_query(self, request: Request) -> Answer:
        """Cancel a query by its id, as SYSTEM$CANCEL_QUERY does."""
        session = self._find(request).session
        query = self._queries.find_running(request.path_params["query_id"])
        if query is None or not cancellation.may_cancel(session.context, query):
            query = None
        if query is None or not await anyio.to_thread.run_sync(
            query.cancel, limiter=self._cancel_limit
        ):
            raise SnowflakeError(
                errors.NOT_EXECUTING, "Identified SQL statement is not currently executing."
            )
        return Answer(protocol.done())


@lru_cache(maxsize=64)
def _host(header: str) -> str:
    """The name of a Host header, lower case; '' for one that is none."""
    try:
        return urlsplit(f"//{header}").hostname or ""
    except ValueError:
        return ""


@lru_cache(maxsize=64)
def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _is_done(work: asyncio.Future[Any], seconds: float) -> bool:
    """Has it ended? Waits so long for it."""
    await asyncio.wait([work], timeout=seconds)
    return work.done()


def _log(
    session_id: str, user: str, seconds: float, outcome: Result | SnowflakeError, sql: str
) -> None:
    rows = None
    if isinstance(outcome, Result):
        rows = outcome.table.num_rows if outcome.affected is None else outcome.affected
    statement_log.statement(
        session=session_id,
        user=user,
        seconds=seconds,
        rows=rows,
        code=f"{outcome.errno:06d}" if isinstance(outcome, SnowflakeError) else None,
        sql=sql,
    )


async def _document(request: Request, limit: int) -> dict[str, Any]:
    try:
        return await bodies.document(request, limit)
    except ValueError as error:
        raise protocol.unreadable(error) from None


def _refused(status: int, message: str) -> Answer:
    """A refusal by HTTP status. The rest of the request, if any, is not read."""
    content = {"data": None, "code": f"{status}", "message": message, "success": False}
    return Answer(content, status, headers={"Connection": "close"})


async def _no_route(request: Request, error: Exception) -> Answer:
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
