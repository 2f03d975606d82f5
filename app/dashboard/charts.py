"""Charts as HTML: upright bars, and small lines.

A library that draws in the browser costs a second and more of a page's time there, before the
first bar is seen. What this page's charts need, style sheets do. Every bar and every point is an
image with words, for a pointer, a finger and a screen reader; every text is escaped here.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

# Each stands out from a light and from a dark page.
WINE, PALE, GREY, GOLD = "#b24a6e", "#d9a3b6", "#8a8a94", "#b07a00"
STYLE = """
.chart {
  --quiet: light-dark(#5a5a63, #b4b4bd); --line: light-dark(#dcdce2, #44444d);
  container-type: inline-size; font-size: 0.75rem; font-variant-numeric: tabular-nums;
  line-height: 1.4;
}
.chart .area { display: grid; grid-template-columns: auto minmax(0, 1fr); padding-top: 0.6rem; }
.chart .axis {
  color: var(--quiet); display: flex; flex-direction: column-reverse;
  justify-content: space-between; padding-right: 0.5rem; text-align: right;
}
.chart .axis span { display: block; height: 0; line-height: 0; white-space: nowrap; }
.chart .plot { display: flex; position: relative; }
.chart .axis + .plot { border-top: 1px solid var(--line); }
.chart .slot {
  align-items: end; display: grid; flex: 1 1 0; grid-template: 100% / 100%; justify-items: center;
  min-width: 0;
}
.chart .slot > * { grid-area: 1 / 1; }
.chart .slot:hover { background: light-dark(#0000000d, #ffffff1a); }
.chart .slot:hover::after {
  background: light-dark(#31333f, #fafafa); border-radius: 0.25rem;
  color: light-dark(#fff, #0e1117); content: attr(aria-label); font-size: 0.875rem;
  max-width: 100%; padding: 0.15rem 0.5rem; pointer-events: none; position: absolute; right: 0;
  top: 0; z-index: 1;
}
.chart .bar, .chart .behind { border-radius: 2px 2px 0 0; }
.chart .bar { background: #b24a6e; }
.chart .behind { background: #8a8a94; opacity: 0.5; }
.chart .dot { position: relative; width: 0; }
.chart .dot::before {
  background: #b24a6e; border-radius: 50%; content: ""; height: 4px; left: -2px;
  position: absolute; top: -2px; width: 4px;
}
.chart .curve { height: 100%; inset: 0; pointer-events: none; position: absolute; width: 100%; }
.chart .promise { border-top: 2px dashed #8a8a94; left: 0; position: absolute; right: 0; }
.chart .labels { color: var(--quiet); display: none; grid-column: 2; padding-top: 0.35rem; }
.chart .labels span { text-align: center; white-space: nowrap; }
.chart .narrow { display: grid; }
@container (min-width: 26rem) {
  .chart .narrow { display: none; }
  .chart .middle { display: grid; }
}
@container (min-width: 52rem) {
  .chart .middle { display: none; }
  .chart .wide { display: grid; }
}
"""
# The labels' rows, each with the pixels that a plot has at least where it is shown.
ROWS = {"narrow": 230, "middle": 340, "wide": 750}
CHARACTER, AROUND = 6.6, 8
TICKS = 5


@dataclass(frozen=True)
class Bar:
    """told: what it says to a pointer, and to who cannot see it; label: what stands below it.

    behind: the value of a wider bar behind it; trend: that of a line in front of it.
    """

    told: str
    value: float | None
    label: str = ""
    colour: str = WINE
    behind: float | None = None
    trend: float | None = None


@dataclass(frozen=True)
class Point:
    """A value of a line, or None for a gap in it."""

    told: str
    value: float | None


def upright(
    bars: Sequence[Bar],
    title: str,
    axis: Callable[[float], str],
    height: int = 260,
    ticks: int = TICKS,
) -> str:
    """Bars in their order. axis: how a whole number reads on it; ticks: how many it has at most."""
    values = [each for bar in bars for each in (bar.value, bar.behind, bar.trend)]
    step, count = scale(max((each for each in values if each), default=0.0), ticks)
    top = step * count
    marks = "".join(f"<span>{escape(axis(step * number))}</span>" for number in range(count + 1))
    grid = (
        "repeating-linear-gradient(to top, var(--line) 0 1px, transparent 1px"
        f" calc(100% / {count}))"
    )
    # A few bars stay slim.
    slim = min(0.75, 0.05 * max(1, len(bars)))
    has_behind = any(bar.behind is not None for bar in bars)
    widths = (min(slim, 0.5) if has_behind else slim, min(0.95, 2 * slim))
    slots = "".join(_slot(bar, top, widths) for bar in bars)
    trend = _line([bar.trend for bar in bars], top, GOLD)
    labels = "".join(_labels(bars, name, pixels) for name, pixels in ROWS.items())
    return (
        f'<div class="chart" role="group" aria-label="{escape(title)}"><div class="area">'
        f'<div class="axis" aria-hidden="true">{marks}</div>'
        f'<div class="plot" style="background: {grid}; height: {height}px">{slots}{trend}</div>'
        f"{labels}</div></div>"
    )


def line(points: Sequence[Point], title: str, promise: float = 0, height: int = 48) -> str:
    """A small line without axes, from zero on, with gaps, and the promise dashed."""
    top = 1.05 * max([point.value for point in points if point.value] + [promise], default=0) or 1
    slots = "".join(
        '<span class="slot"></span>' if point.value is None else _point(point, top)
        for point in points
    )
    dashed = f'<div class="promise" style="bottom: {_percent(promise, top)}"></div>'
    return (
        f'<div class="chart" role="group" aria-label="{escape(title)}">'
        f'<div class="plot" style="height: {height}px">{dashed if promise > 0 else ""}'
        f"{_line([point.value for point in points], top, WINE)}{slots}</div></div>"
    )


def scale(most: float, ticks: int) -> tuple[float, int]:
    """A round step, 1 at least, and how many of it reach the greatest value: at most so many."""
    if most <= 1:
        return 1.0, 1
    size = 10.0 ** max(0, math.floor(math.log10(most / ticks)))
    step = next(size * each for each in (1, 2, 5, 10, 20) if math.ceil(most / size / each) <= ticks)
    return step, max(1, math.ceil(most / step))


def places(labels: Sequence[str], pixels: float) -> Iterator[tuple[int, int]]:
    """Which labels have room below their bars, as (first bar, bars) over which each is centred."""
    longest = max(map(len, labels), default=0)
    needed = math.ceil((CHARACTER * longest + AROUND) / (pixels / max(len(labels), 1)))
    aside = needed // 2
    free = 0
    for number, label in enumerate(labels):
        if label and number - aside >= free and number + aside < len(labels):
            yield number - aside, 2 * aside + 1
            free = number + aside + 1


def _labels(bars: Sequence[Bar], row: str, pixels: int) -> str:
    cells = "".join(
        f'<span style="grid-column: {first + 1} / span {width}">'
        f"{escape(bars[first + width // 2].label)}</span>"
        for first, width in places([bar.label for bar in bars], pixels)
    )
    columns = f"grid-template-columns: repeat({len(bars)}, minmax(0, 1fr))"
    return f'<div class="labels {row}" aria-hidden="true" style="{columns}">{cells}</div>'


def _slot(bar: Bar, top: float, widths: tuple[float, float]) -> str:
    slim, wide = widths
    colour = "" if bar.colour == WINE else f"; background: {escape(bar.colour)}"
    behind = f'<i class="behind" style="{_size(bar.behind, top, wide)}"></i>' if bar.behind else ""
    front = (
        f'<i class="bar" style="{_size(bar.value, top, slim)}{colour}"></i>' if bar.value else ""
    )
    return f"{_image('bar', bar.told)}{behind}{front}</span>"


def _point(point: Point, top: float) -> str:
    dot = f'<i class="dot" style="height: {_percent(point.value or 0, top)}"></i>'
    return f"{_image('point', point.told)}{dot}</span>"


def _image(kind: str, told: str) -> str:
    said = f'role="img" aria-roledescription="{kind}" aria-label="{escape(told)}"'
    return f'<span class="slot" {said}>'


def _size(value: float | None, top: float, width: float) -> str:
    return f"height: {_percent(value or 0, top)}; width: {100 * width:.0f}%"


def _percent(value: float, top: float) -> str:
    return f"{max(0.0, min(100.0, 100 * value / top)):.2f}%"


def _line(values: Sequence[float | None], top: float, colour: str) -> str:
    """A line through the middles of the slots, drawn to whatever width the plot has."""
    runs: list[list[str]] = [[]]
    for number, value in enumerate(values):
        if value is None:
            runs.append([])
        else:
            runs[-1].append(f"{number + 0.5:g},{100 - 100 * max(0.0, value) / top:.2f}")
    drawn = "".join(
        f'<polyline points="{" ".join(run)}" vector-effect="non-scaling-stroke"/>'
        for run in runs
        if len(run) > 1
    )
    if not drawn:
        return ""
    image = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {len(values)} 100"'
        f' preserveAspectRatio="none" fill="none" stroke="{colour}" stroke-width="2.5"'
        f' stroke-linejoin="round">{drawn}</svg>'
    )
    return f'<img class="curve" alt="" src="data:image/svg+xml,{quote(image)}">'
