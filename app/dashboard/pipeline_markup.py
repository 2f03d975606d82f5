"""HTML of the pipeline's page. Every text is escaped here; colours are for light and dark."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from html import escape

import charts
import markup

STYLE = """
.flow { line-height: 1.4; overflow-wrap: break-word; font-variant-numeric: tabular-nums; }
.flow .line { border-radius: .5rem; font-size: 1.1rem; font-weight: 600; padding: .75rem 1rem; }
.flow .good { background: light-dark(#dcf3e2, #12402a); color: light-dark(#0f5128, #cdf3da); }
.flow .poor { background: light-dark(#fdebc8, #5c3b00); color: light-dark(#6b3f00, #ffe9c2); }
.flow .bad { background: light-dark(#ffdcdc, #6e1420); color: light-dark(#7a0c1c, #ffe3e3); }
.flow .note { border-radius: .5rem; padding: .75rem 1rem; }
.flow .plain { background: light-dark(#e8f1fb, #17304d); color: light-dark(#0a3d70, #cfe3fa); }
.flow .grid {
  display: grid; gap: 1rem;
  grid-template-columns: repeat(auto-fit, minmax(min(20rem, 100%), 1fr));
}
.flow .badge { border-radius: 1rem; font-size: .875rem; padding: 0 .6rem; white-space: nowrap; }
.flow .quiet { color: light-dark(#5a5a63, #b4b4bd); font-size: .875rem; }
.flow .grid + .quiet { margin-top: .75rem; }
.flow .head { display: flex; justify-content: space-between; gap: .5rem; font-weight: 600; }
.flow .strip { display: flex; height: .5rem; margin: .4rem 0; overflow: hidden; }
.flow .strip .kept { background: light-dark(#9bd0aa, #2d6b45); }
.flow .strip .open { background: light-dark(#c4314b, #e5677d); }
.flow ul { list-style: none; margin: 0; padding: 0; }
.flow ul ul { border-left: 2px solid light-dark(#dcdce2, #44444d); margin-left: .5rem; }
.flow li { margin: 0; padding: .35rem .6rem; }
.flow table { border-collapse: collapse; margin: .5rem 0; width: 100%; }
.flow th, .flow td {
  border: 0; border-bottom: 1px solid light-dark(#dcdce2, #44444d); padding: .35rem .5rem;
  text-align: left; vertical-align: top;
}
.flow th { font-weight: 600; }
.flow td { min-width: 3rem; }
.flow td.long { overflow-wrap: anywhere; }
.flow .number { text-align: right; white-space: nowrap; }
@media (max-width: 640px) {
  .flow .tall thead {
    clip-path: inset(50%); height: 1px; overflow: hidden; position: absolute; width: 1px;
  }
  .flow .tall tr {
    border-bottom: 1px solid light-dark(#dcdce2, #44444d); display: block; padding: .4rem 0;
  }
  .flow .tall td, .flow .tall td.number {
    border: 0; display: block; padding: .1rem 0; text-align: left; white-space: normal;
  }
  .flow .tall td:empty { display: none; }
  .flow .tall td::before { content: attr(data-title) ": "; color: light-dark(#5a5a63, #b4b4bd); }
}
"""


NUMBER = ' class="number"'
# A phone shows so many columns beside one another.
NARROW = 3


@dataclass(frozen=True)
class Badge:
    """A word on a colour: good, poor or bad."""

    text: str
    kind: str


@dataclass(frozen=True)
class Node:
    """A task, and the tasks that follow it."""

    title: str
    badge: Badge
    told: str
    children: list["Node"] = field(default_factory=list)


def show(html: str) -> None:
    markup.show(f'<div class="flow">{html}</div>')


def style() -> None:
    markup.style(charts.STYLE + STYLE)


def line(text: str, kind: str) -> str:
    return f'<p class="line {escape(kind)}" role="status">{escape(text)}</p>'


def quiet(text: str) -> str:
    return f'<p class="quiet">{escape(text)}</p>'


def heading(text: str) -> str:
    return markup.heading(text)


def beside(*parts: str) -> str:
    return markup.beside(*parts)


def note(text: str, kind: str = "plain") -> str:
    """What there is to say where there is nothing to show."""
    return f'<p class="note {escape(kind)}">{escape(text)}</p>'


def grid(parts: Iterable[str]) -> str:
    """Parts beside one another, as many as there is room for."""
    return f'<div class="grid">{"".join(f"<div>{each}</div>" for each in parts)}</div>'


def metric(title: str, badge: Badge, told: str, spans: Sequence[tuple[float, float]]) -> str:
    return (
        f'<div class="head"><span>{escape(title)}</span>{_badge(badge)}</div>'
        f"<div>{escape(told)}</div>{strip(spans)}"
    )


def strip(spans: Sequence[tuple[float, float]]) -> str:
    """A day as a line: red where an incident was open."""
    parts, at, open_for = [], 0.0, 0.0
    for start, stop in spans:
        parts += [("kept", start - at), ("open", max(stop - start, 0.004))]
        at, open_for = stop, open_for + stop - start
    parts.append(("kept", max(1 - at, 0.0)))
    inner = "".join(
        f'<span class="{kind}" style="flex: {size:.4f} 0 0"></span>' for kind, size in parts if size
    )
    told = f"An incident was open for {open_for * 24:.1f} of the last 24 hours"
    told = told if spans else "No incident in the last 24 hours"
    return f'<div class="strip" role="img" aria-label="{told}" title="{told}">{inner}</div>'


def tree(nodes: Iterable[Node]) -> str:
    inner = "".join(
        f"<li>{_badge(node.badge)} <strong>{_name(node.title)}</strong>"
        f'<div class="quiet">{escape(node.told)}</div>{tree(node.children)}</li>'
        for node in nodes
    )
    return f"<ul>{inner}</ul>" if inner else ""


def table(titles: Sequence[str], rows: Iterable[Sequence[str | int | Badge]]) -> str:
    """Numbers stand to the right; on a phone, the many cells of a row stand below one another."""
    found = list(rows)
    numbers = [isinstance(cell, int) for cell in found[0]] if found else [False] * len(titles)
    head = "".join(
        f'<th scope="col"{NUMBER if is_number else ""}>{escape(title)}</th>'
        for title, is_number in zip(titles, numbers, strict=True)
    )
    body = "".join(f"<tr>{''.join(map(_cell, row, titles))}</tr>" for row in found)
    kind = ' class="tall"' if len(titles) > NARROW else ""
    return f"<table{kind}><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _cell(value: str | int | Badge, title: str) -> str:
    named = f'data-title="{escape(title)}"'
    if isinstance(value, Badge):
        return f"<td {named}>{_badge(value)}</td>"
    if isinstance(value, int):
        return f'<td class="number" {named}>{value:,}</td>'
    long = ' class="long"' if len(value) > 60 else ""
    return f"<td{long} {named}>{_name(value)}</td>"


def _name(text: str) -> str:
    """The text, which may break where names are put together rather than anywhere."""
    return re.sub(r"(?<=[A-Za-z])([_.])(?=[A-Za-z])", r"\1<wbr>", escape(text))


def _badge(badge: Badge) -> str:
    return f'<span class="badge {escape(badge.kind)}">{escape(badge.text)}</span>'
