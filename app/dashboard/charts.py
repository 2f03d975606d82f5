"""The charts and tables of both pages."""

from typing import Any

import altair as alt
import pandas as pd
import streamlit as st

WINE = "#7b1e3a"
EUROS = ",.0f"


def columns(frame: pd.DataFrame, x: str, y: str, title: str, number: str = EUROS) -> None:
    """Upright bars in the order of the rows."""
    _show(frame, alt.X(f"{x}:N", sort=None, title=None), alt.Y(f"{y}:Q", title=title), number)


def bars(frame: pd.DataFrame, x: str, y: str, title: str, number: str = EUROS) -> None:
    """Lying bars in the order of the rows, for names that are long."""
    label = alt.Axis(labelLimit=260)
    _show(
        frame,
        alt.X(f"{x}:Q", title=title),
        alt.Y(f"{y}:N", sort=None, title=None, axis=label),
        number,
    )


def _show(frame: pd.DataFrame, x: alt.X, y: alt.Y, number: str) -> None:
    tooltip = [
        alt.Tooltip(name, format=number) if pd.api.types.is_numeric_dtype(frame[name]) else name
        for name in frame.columns
    ]
    chart = alt.Chart(frame).mark_bar(color=WINE).encode(x=x, y=y, tooltip=tooltip)
    st.altair_chart(chart, width="stretch")


def days(frame: pd.DataFrame, x: str, y: str, title: str) -> None:
    """One bar a day. Days are texts to the browser, for it would move moments into its own zone."""
    named = frame.assign(**{x: pd.to_datetime(frame[x]).dt.strftime("%Y-%m-%d")})
    axis = alt.X(f"{x}:O", title=None, axis=alt.Axis(labelAngle=0, labelOverlap=True))
    _show(named, axis, alt.Y(f"{y}:Q", title=title), EUROS)


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
