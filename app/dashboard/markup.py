"""HTML for what Streamlit has no element for, or cuts off: figures, tables, notes.

Every text is escaped here, so that a wine's name is never more than a name; `show` is the one place
where HTML goes to the page. Colours are for light and dark: `light-dark` follows the page's scheme.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape

import streamlit as st

STYLE = """
.caves {
  --quiet: light-dark(#5a5a63, #b4b4bd);
  --line: light-dark(#dcdce2, #44444d);
  --wine: light-dark(#9c2a50, #d4668c);
  line-height: 1.4; overflow-wrap: break-word; font-variant-numeric: tabular-nums;
}
.caves h2, .flow h2 { font-size: 1.75rem; font-weight: 600; margin: 0; padding: 1.25rem 0 1rem; }
.caves h4 { font-size: 1rem; font-weight: 600; margin: 0; padding: 0; }
.caves p { margin: 0; }
.caves-quiet { color: var(--quiet); font-size: 0.875rem; }
.caves ul.caves-cards {
  display: grid; gap: 0.75rem; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr));
  list-style: none; margin: 0.5rem 0; padding: 0;
}
.caves-cards li {
  border: 1px solid var(--line); border-radius: 0.5rem; margin: 0; padding: 0.75rem 1rem;
}
.caves-cards .value { display: block; font-size: 1.6rem; font-weight: 600; }
.caves-cards .up { color: light-dark(#116329, #6fdd8b); }
.caves-cards .down { color: light-dark(#a40e26, #ff9492); }
.caves-table { border-collapse: collapse; margin: 0; width: 100%; }
.caves-table th, .caves-table td {
  border: 0; border-bottom: 1px solid var(--line); padding: 0.4rem 0.5rem; text-align: left;
  vertical-align: top;
}
.caves-table thead th { color: var(--quiet); font-size: 0.875rem; font-weight: 400; }
.caves-table tbody th { font-weight: 400; }
.caves-table .number { text-align: right; white-space: nowrap; }
.caves-table small { color: var(--quiet); display: block; font-size: 0.8125rem; }
.caves-bar {
  background: var(--wine); border-radius: 2px; display: block; height: 0.3rem; margin-top: 0.3rem;
}
.caves-state {
  border-radius: 1rem; display: inline-block; font-size: 0.875rem; padding: 0 0.6rem;
}
.caves-state.bad { background: light-dark(#ffdcdc, #6e1420); color: light-dark(#7a0c1c, #ffe3e3); }
.caves-state.poor { background: light-dark(#fdebc8, #5c3b00); color: light-dark(#6b3f00, #ffe9c2); }
.caves-state.good { background: light-dark(#dcf3e2, #12402a); color: light-dark(#0f5128, #cdf3da); }
.caves ul.caves-legend {
  display: flex; flex-wrap: wrap; gap: 0.25rem 1.25rem; list-style: none; margin: 0; padding: 0;
}
.caves-legend li { font-size: 0.875rem; margin: 0; }
.caves-legend i {
  border-radius: 2px; display: inline-block; height: 0.75rem; margin-right: 0.4rem; width: 0.75rem;
}
.caves-beside {
  display: grid; gap: 0 1rem; margin-top: 0.5rem;
  grid-template-columns: repeat(auto-fit, minmax(min(24rem, 100%), 1fr));
}
.caves-folded { border: 1px solid var(--line); border-radius: 0.5rem; margin: 0.75rem 0; }
.caves-folded summary { cursor: pointer; padding: 0.5rem 1rem; }
.caves-note {
  background: light-dark(#f4f4f7, #262730); border-left: 0.25rem solid var(--wine);
  border-radius: 0.25rem; margin: 0.5rem 0; padding: 0.75rem 1rem;
}
@media (max-width: 640px) {
  .caves-wide thead {
    clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px;
  }
  .caves-wide tr {
    border-bottom: 1px solid var(--line); display: grid; gap: 0 0.75rem; padding: 0.4rem 0;
    grid-template-columns: repeat(3, 1fr);
  }
  .caves-wide th, .caves-wide td { border: 0; padding: 0.15rem 0; }
  .caves-wide tbody th, .caves-wide td.whole { grid-column: 1 / -1; }
  .caves-wide td.number { text-align: left; white-space: normal; }
  .caves-wide td.number::before {
    color: var(--quiet); content: attr(data-title); display: block; font-size: 0.8125rem;
  }
}
"""


@dataclass(frozen=True)
class Card:
    """A figure. change: how it differs, said in words; direction: up, down, or empty."""

    title: str
    value: str
    change: str = ""
    direction: str = ""


@dataclass(frozen=True)
class Name:
    """The first cell of a row: what it is about, and less important words about that."""

    text: str
    more: str = ""
    # How long its bar is, from 0 to 1; None for no bar.
    share: float | None = None


@dataclass(frozen=True)
class State:
    """A word on a colour: bad, poor or good."""

    text: str
    kind: str


def show(html: str) -> None:
    st.html(f'<div class="caves">{html}</div>')


def heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def beside(*parts: str) -> str:
    """Parts beside one another; below one another where there is no room."""
    return f'<div class="caves-beside">{"".join(f"<div>{each}</div>" for each in parts)}</div>'


def folded(title: str, html: str) -> str:
    """What is seen after a click on its title."""
    return f'<details class="caves-folded"><summary>{escape(title)}</summary>{html}</details>'


def style(more: str = "") -> None:
    """more: a page's own."""
    st.html(f"<style>{STYLE}{more}</style>")


def cards(found: Iterable[Card]) -> str:
    items = "".join(
        f'<li>{escape(each.title)}<span class="value">{escape(each.value)}</span>'
        f"{_change(each)}</li>"
        for each in found
    )
    return f'<ul class="caves-cards">{items}</ul>'


def _change(card: Card) -> str:
    if not card.change:
        return ""
    sign = {"up": "▲ ", "down": "▼ "}.get(card.direction, "")
    return (
        f'<span class="{escape(card.direction)}"><span aria-hidden="true">{sign}</span>'
        f"{escape(card.change)}</span>"
    )


Cell = str | Name | State


def table(titles: Sequence[str], rows: Iterable[Sequence[Cell]], wide: bool = False) -> str:
    """Rows whose first cell is a heading; texts beside it are numbers, which stand to the right.

    wide: on a phone, the cells of a row stand below its first one.
    """
    # What a table is, is said once more: `display: grid` would take it away from screen readers.
    found = list(rows)
    kinds = [isinstance(cell, str) for cell in found[0]] if found else [False] * len(titles)
    head = "".join(
        f'<th role="columnheader" scope="col"{_number(kind)}>{escape(title)}</th>'
        for title, kind in zip(titles, kinds, strict=True)
    )
    body = "".join(f'<tr role="row">{"".join(map(_cell, row, titles))}</tr>' for row in found)
    kind = "caves-table caves-wide" if wide else "caves-table"
    return (
        f'<table role="table" class="{kind}">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead>'
        f'<tbody role="rowgroup">{body}</tbody></table>'
    )


def _number(is_one: bool) -> str:
    return ' class="number"' if is_one else ""


def _cell(cell: Cell, title: str) -> str:
    match cell:
        case Name(text, more, share):
            small = f"<small>{escape(more)}</small>" if more else ""
            bar = (
                ""
                if share is None
                else f'<span class="caves-bar" style="width: {max(1, round(100 * share))}%"></span>'
            )
            return f'<th role="rowheader" scope="row">{escape(text)}{small}{bar}</th>'
        case State(text, kind):
            badge = f'<span class="caves-state {escape(kind)}">{escape(text)}</span>'
            return f'<td role="cell" class="whole">{badge}</td>'
        case _:
            return (
                f'<td role="cell" class="number" data-title="{escape(title)}">{escape(cell)}</td>'
            )


def legend(entries: Iterable[tuple[str, str]]) -> str:
    """Colours and what they stand for."""
    items = "".join(
        f'<li><i style="background: {escape(colour)}"></i>{escape(text)}</li>'
        for colour, text in entries
    )
    return f'<ul class="caves-legend caves-quiet">{items}</ul>'


def quiet(*sentences: str) -> str:
    return f'<p class="caves-quiet">{escape(" ".join(filter(None, sentences)))}</p>'


def note(title: str, more: str = "") -> str:
    """What the viewer should know, and perhaps do."""
    told = f"<br>{escape(more)}" if more else ""
    return f'<div class="caves-note" role="status"><strong>{escape(title)}</strong>{told}</div>'
