"""What the pages ask of Snowflake: queries with bound values, cached for a moment."""

import contextlib
import os
import uuid
from typing import Any

import pandas as pd
import streamlit as st
from snowflake.connector.errors import ProgrammingError

FRESH_SECONDS = 60
# Answers that are kept, of all viewers; a page of one viewer has some twenty.
KEPT = 500
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


def query(sql: str, *values: Any) -> pd.DataFrame:
    """The rows of a SELECT whose `?` are `values`. Decimals become floats, fit for charts.

    The answer is kept for FRESH_SECONDS, while the viewer chooses this and that. A page that is
    loaded again asks again.
    """
    tag_session()
    return _answer(_load(), sql, values)


def show(sql: str) -> pd.DataFrame:
    """The rows of a SHOW command, which Snowflake does not send as Arrow."""
    tag_session()
    return _shown(_load(), sql)


def _load() -> str:
    """The same as long as the page is not loaded again."""
    if "load" not in st.session_state:
        st.session_state["load"] = uuid.uuid4().hex
    load: str = st.session_state["load"]
    return load


@st.cache_data(ttl=FRESH_SECONDS, max_entries=KEPT, show_spinner=False)
def _answer(load: str, sql: str, values: tuple[Any, ...]) -> pd.DataFrame:
    # Not kept there: its cache knows nothing of loads.
    frame = st.connection("snowflake").query(
        sql, params=list(values) or None, ttl=0, show_spinner=False
    )
    for column in frame.columns:
        if frame[column].map(type).astype(str).str.contains("Decimal").any():
            frame[column] = frame[column].astype(float)
    return frame


@st.cache_data(ttl=FRESH_SECONDS, max_entries=KEPT, show_spinner=False)
def _shown(load: str, sql: str) -> pd.DataFrame:
    with st.connection("snowflake").cursor() as cursor:
        rows = cursor.execute(sql).fetchall()
        return pd.DataFrame(rows, columns=[column.name for column in cursor.description])
