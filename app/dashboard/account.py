"""What the pages ask of Snowflake: queries with bound values, whose answers are kept for a moment.

They are kept for each load of a page, in its session: a page that is loaded again asks again.
"""

import contextlib
import os
import time
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pandas as pd
import streamlit as st
from snowflake.connector import SnowflakeConnection
from snowflake.connector.errors import Error as SnowflakeError
from snowflake.connector.errors import ProgrammingError

FRESH_SECONDS = 60
# Statements on their way at once, of all viewers; a page has some ten.
WORKERS = 8
# By which a proxy is not asked for this machine, where the account may be.
LOOPBACK = "localhost,127.0.0.1,::1"
TAG = "ALTER SESSION SET QUERY_TAG = 'caves-dashboard'"


def keep_loopback_direct() -> None:
    """Whatever HTTP_PROXY says: no proxy could reach it. What NO_PROXY has stays."""
    named = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    if named != "*" and LOOPBACK not in named:
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = f"{named},{LOOPBACK}".lstrip(",")


keep_loopback_direct()


@st.cache_resource(show_spinner=False)
def tag_session() -> None:
    """By its tag query history tells the dashboard from the pipeline. The warehouse runtime lets no
    app change its session; there Snowflake's own tag names the app."""
    with contextlib.suppress(ProgrammingError), st.connection("snowflake").cursor() as cursor:
        cursor.execute(TAG)


@dataclass(frozen=True)
class Question:
    """A SELECT whose `?` are `values`, or a SHOW command."""

    sql: str
    values: tuple[Any, ...] = ()


@dataclass(frozen=True)
class Asked:
    """When a question was asked, by a clock that only goes on; and its answer to come."""

    moment: float
    answer: Future[pd.DataFrame]


def ask(*questions: Question) -> None:
    """Begin to ask, so that answers are on their way while the page is drawn.

    Snowflake's warehouse runtime has a connection of another kind, whose cursors nobody promises to
    work in threads: there each question is asked when its answer is needed.
    """
    tag_session()
    connection = st.connection("snowflake").raw_connection
    if type(connection) is SnowflakeConnection:
        for each in questions:
            if _known(each) is None:
                _keep(each, _workers().submit(_fetched, connection, each))


def query(sql: str, *values: Any) -> pd.DataFrame:
    """The rows of a SELECT whose `?` are `values`. Decimals become floats, fit for charts.

    The answer is kept for FRESH_SECONDS, while the viewer chooses this and that. A page that is
    loaded again asks again.
    """
    return _answer(Question(sql, values))


def forget() -> None:
    """Forget this load's answers, as a new load of the page does."""
    _this_load().clear()


def show(sql: str) -> pd.DataFrame:
    """The rows of a SHOW command."""
    return _answer(Question(sql))


def _answer(question: Question) -> pd.DataFrame:
    ahead = _known(question)
    if ahead is not None:
        with contextlib.suppress(SnowflakeError):
            return ahead.result().copy()
    # One that nobody asked ahead, or that failed: a session that has ended is opened again here.
    tag_session()
    connection = st.connection("snowflake")
    if _is_show(question):
        with connection.cursor() as cursor:
            frame = _shown(cursor.execute(question.sql))
    else:
        # Not kept there: its cache knows nothing of loads.
        frame = connection.query(
            question.sql, params=list(question.values) or None, ttl=0, show_spinner=False
        )
    found: Future[pd.DataFrame] = Future()
    found.set_result(_plain(frame))
    _keep(question, found)
    return found.result().copy()


def _known(question: Question) -> Future[pd.DataFrame] | None:
    """The answer of this load of the page, if it is fresh."""
    asked = _this_load().get(question)
    if asked is None or time.monotonic() - asked.moment > FRESH_SECONDS:
        return None
    return asked.answer


def _this_load() -> dict[Question, Asked]:
    if "asked" not in st.session_state:
        st.session_state["asked"] = {}
    asked: dict[Question, Asked] = st.session_state["asked"]
    return asked


def _keep(question: Question, answer: Future[pd.DataFrame]) -> None:
    asked = _this_load()
    now = time.monotonic()
    for each in [each for each, one in asked.items() if now - one.moment > FRESH_SECONDS]:
        del asked[each]
    asked[question] = Asked(now, answer)


@st.cache_resource(show_spinner=False)
def _workers() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(WORKERS, thread_name_prefix="ask")


def _fetched(connection: SnowflakeConnection, question: Question) -> pd.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(question.sql, list(question.values) or None)
        return _shown(cursor) if _is_show(question) else _plain(cursor.fetch_pandas_all())


def _is_show(question: Question) -> bool:
    return question.sql.startswith("SHOW ")


def _shown(cursor: Any) -> pd.DataFrame:
    """What SHOW answers, which Snowflake does not send as Arrow."""
    return pd.DataFrame(cursor.fetchall(), columns=[column.name for column in cursor.description])


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    for column in frame.columns:
        if frame[column].map(type).astype(str).str.contains("Decimal").any():
            frame[column] = frame[column].astype(float)
    return frame
