"""The shop's charts: upright bars over days or hours, in the order of the rows.

Days and hours go to the browser as texts in the shop's language. As moments it would move them into
its own time zone.
"""

import altair as alt
import pandas as pd
import streamlit as st
from language import Language

# Each stands out from a light and from a dark page.
WINE, PALE, GREY, GOLD = "#b24a6e", "#d9a3b6", "#8a8a94", "#b07a00"
HEIGHT = 260


def upright(
    frame: pd.DataFrame,
    words: Language,
    title: str,
    kinds: dict[str, str] | None = None,
    line: str | None = None,
    behind: str | None = None,
) -> None:
    """Bars of `value` at each `label`, in the order of the rows.

    kinds: the colour of each value of a column `kind`.
    line: a column that a line follows, where it has a value.
    behind: a column of wide bars behind the others.
    """
    order = frame["label"].tolist()
    axis = alt.Axis(labelAngle=0, labelOverlap=True, title=None, labelPadding=6)
    x = alt.X("label:O", sort=order, axis=axis)
    euros = alt.Axis(labelExpr=words.axis_of_euros, title=None, tickCount=5)
    # What a bar says to a pointer, and to who cannot see it.
    tooltip = [alt.Tooltip("told:N", title=title)]
    described = alt.Description("told:N")
    colour = (
        alt.Color("kind:N", scale=alt.Scale(domain=list(kinds), range=list(kinds.values())))
        if kinds
        else alt.value(WINE)
    )
    if kinds:
        colour.legend = None
    # A few bars stay slim.
    slim = min(0.75, 0.05 * max(1, len(frame)))
    base = alt.Chart(frame)
    layers = []
    if behind:
        # The bars before them tell of these, too.
        layers.append(
            base.mark_bar(
                aria=False, color=GREY, opacity=0.5, width={"band": min(0.95, 2 * slim)}
            ).encode(x=x, y=alt.Y(f"{behind}:Q", axis=euros), tooltip=tooltip)
        )
    layers.append(
        base.mark_bar(width={"band": min(slim, 0.5) if behind else slim}).encode(
            x=x,
            y=alt.Y("value:Q", axis=euros),
            color=colour,
            tooltip=tooltip,
            description=described,
        )
    )
    if line:
        layers.append(
            base.mark_line(color=GOLD, strokeWidth=2.5)
            .transform_filter(f"isValid(datum['{line}'])")
            .encode(x=x, y=alt.Y(f"{line}:Q", axis=euros))
        )
    st.altair_chart(alt.layer(*layers, height=HEIGHT, description=title), width="stretch")
