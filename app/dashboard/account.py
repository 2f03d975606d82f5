"""What the pages ask of Snowflake: queries with bound values, cached for a moment."""

from typing import Any

import pandas as pd
import streamlit as st

FRESH_SECONDS = 30


def query(sql: str, *values: Any) -> pd.DataFrame:
    """The rows of a SELECT whose `?` are `values`. Decimals become floats, fit for charts.

    The answer is kept for FRESH_SECONDS, for every viewer who asks the same.
    """
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
    with st.connection("snowflake").cursor() as cursor:
        rows = cursor.execute(sql).fetchall()
        return pd.DataFrame(rows, columns=[column.name for column in cursor.description])
