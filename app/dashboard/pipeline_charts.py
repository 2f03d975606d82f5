"""The charts of the pipeline's page. Their moments are UTC, which the browser shows in its own
zone: the viewer's."""

from datetime import timedelta

import altair as alt
import pandas as pd
import pipeline_markup as markup
import streamlit as st
from health import Clock

WINE = "#b8436a"
HOPS = {
    "RAW_DATA.RAW_EVENTS_STREAM": "1 into RAW",
    "RAW_DATA.REJECTED_EVENTS": "1 rejected",
    "STAGING.STG_ORDERS": "2 staged orders",
    "STAGING.STG_INVENTORY_ADJ": "2 staged adjustments",
    "PRODUCTION.ORDERS": "3 orders in production",
    "PRODUCTION.INVENTORY_HISTORY": "3 adjustments in production",
}


def spark(frame: pd.DataFrame, threshold: float, clock: Clock) -> None:
    """The last hours as a small line, with the promise dashed. A slice without a value is a gap."""
    moments = pd.to_datetime(frame["SLICE"]).dt.tz_localize("UTC")
    slices = pd.date_range(moments.min(), moments.max(), freq="10min")
    values = pd.Series(frame["VALUE"].astype(float).to_numpy(), index=moments).reindex(slices)
    times = [clock.moment(each.tz_localize(None).to_pydatetime()) for each in slices]
    shown = pd.DataFrame({"AT": slices, "VALUE": values.to_numpy(), "TIME": times})
    axis = alt.Axis(labels=False, ticks=False, domain=False, grid=False)
    base = alt.Chart(shown).encode(x=alt.X("AT:T", title=None, axis=axis))
    line = base.mark_line(color=WINE, point=alt.OverlayMarkDef(size=8, color=WINE)).encode(
        y=alt.Y("VALUE:Q", title=None, axis=axis),
        tooltip=[
            alt.Tooltip("TIME:N", title=clock.zone.key),
            alt.Tooltip("VALUE:Q", format=",.1f", title="value"),
        ],
    )
    layers = [line]
    if threshold > 0:
        rule = alt.Chart(pd.DataFrame({"VALUE": [threshold]})).mark_rule(
            strokeDash=[4, 4], color="gray"
        )
        layers.append(rule.encode(y="VALUE:Q"))
    st.altair_chart(alt.layer(*layers).properties(height=48), width="stretch")


def rows_per_minute(frame: pd.DataFrame, clock: Clock) -> None:
    """Bars for each minute of the last hour, hop below hop: where nothing ran there is a gap, also
    at the end."""
    shown = frame.assign(
        MINUTE=pd.to_datetime(frame["MINUTE"]).dt.tz_localize("UTC"),
        HOP=frame["TABLE_NAME"].map(HOPS),
    )
    shown["END"] = shown["MINUTE"] + timedelta(minutes=1)
    now = pd.Timestamp(clock.now).tz_localize("UTC")
    domain = [(now - timedelta(hours=1)).isoformat(), now.isoformat()]
    for name in dict.fromkeys(HOPS.values()):
        of_hop = shown[shown["HOP"] == name]
        if not of_hop.empty:
            markup.show(markup.quiet(name))
            _bars(of_hop, domain, clock)


def _bars(frame: pd.DataFrame, domain: list[str], clock: Clock) -> None:
    chart = (
        alt.Chart(frame)
        .mark_bar(color=WINE)
        .encode(
            x=alt.X(
                "MINUTE:T",
                title=None,
                axis=alt.Axis(format="%H:%M"),
                scale=alt.Scale(domain=domain),
            ),
            x2="END:T",
            y=alt.Y("ROW_COUNT:Q", title=None, axis=alt.Axis(tickCount=2, format="d")),
            y2=alt.datum(0),
            tooltip=[
                alt.Tooltip("MINUTE:T", format="%H:%M", title=clock.zone.key),
                alt.Tooltip("ROW_COUNT:Q", title="rows"),
            ],
        )
        .properties(height=90)
    )
    st.altair_chart(chart, width="stretch")
