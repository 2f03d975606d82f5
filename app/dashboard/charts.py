"""The charts and tables of the pipeline's page."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st


def lines(frame: pd.DataFrame, x: str, y: str, colour: str, title: str) -> None:
    """A line for each value of `colour` over time, in UTC."""
    legend = alt.Legend(orient="bottom", columns=4, labelLimit=0)
    chart = (
        alt.Chart(frame)
        .mark_line(point=True)
        .encode(
            x=alt.X(f"{x}:T", title="UTC", scale=alt.Scale(type="utc")),
            y=alt.Y(f"{y}:Q", title=title),
            color=alt.Color(f"{colour}:N", title=None, legend=legend),
            tooltip=[x, y, colour],
        )
    )
    st.altair_chart(chart, width="stretch")


def table(frame: pd.DataFrame, **columns: Any) -> None:
    """Rows, with readable column names; `columns` are Streamlit's column configurations."""
    titles = {name: name.replace("_", " ").capitalize() for name in frame.columns}
    configuration = {titles[name]: how for name, how in columns.items()}
    st.dataframe(frame.rename(columns=titles), hide_index=True, column_config=configuration)
