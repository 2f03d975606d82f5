"""What the pages ask of Snowflake: queries with bound values, cached for a moment."""

import contextlib
from typing import Any

import pandas as pd
import streamlit as st
from snowflake.connector.errors import ProgrammingError

FRESH_SECONDS = 30
TAG = "ALTER SESSION SET QUERY_TAG = 'caves-dashboard'"


@st.cache_resource(show_spinner=False)
def tag_session() -> None:
    """By its tag query history tells the dashboard from the pipeline. The warehouse runtime lets no
    app change its session; there Snowflake's own tag names the app."""
    with contextlib.suppress(ProgrammingError), st.connection("snowflake").cursor() as cursor:
        cursor.execute(TAG)


def query(sql: str, *values: Any) -> pd.DataFrame:
    """The rows of a SELECT whose `?` are `values`. Decimals become floats, fit for charts.

    The answer is kept for FRESH_SECONDS, for every viewer who asks the same.
    """
    tag_session()
    parameters = list(values) or None
    frame = st.connection("snowflake").query(
        sql, params=parameters, ttl=FRESH_SECONDS, show_spinner=False
    )
    for column in frame.columns:
        if frame[column].map(type).astype(str).str.contains("Decimal").any():
            frame[column] = frame[column].astype(float)
    return frame


@st.cache_data(ttl=FRESH_SECONDS, show_spinner=False)
def show(sql: str) -> pd.DataFrame:
    """The rows of a SHOW command, which Snowflake does not send as Arrow."""
    tag_session()
    with st.connection("snowflake").cursor() as cursor:
        rows = cursor.execute(sql).fetchall()
        return pd.DataFrame(rows, columns=[column.name for column in cursor.description])
