"""Rows for people: as a table if the terminal is wide enough, otherwise a paragraph for each row.

No word is cut in two, however narrow the terminal is: a table is chosen only where each short value
stands on one line, and prose breaks between words. Before rows become paragraphs, columns are left
out that hold nothing, then those that the caller can do without; a line says which.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from app.caves.harmless import harmless

# A value of more words is prose, which may go on in the next line.
SHORT_WORDS = 3
# A cell of more lines is no longer read as one.
MOST_LINES = 6
# Of a table: blanks and a line on each side of a column.
PER_COLUMN, BORDER = 3, 1


@dataclass(frozen=True)
class Rows:
    """Rows under their title, as wide as the terminal allows."""

    title: str
    rows: Sequence[Mapping[str, Any]]
    dispensable: Sequence[str] = ()

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        names = [*self.rows[0]] if self.rows else ["nothing yet"]
        cells = {name: [cell(row[name]) for row in self.rows] for name in names if self.rows}
        plain = {name: [text.plain for text in cells.get(name, [])] for name in names}
        for shown in self._choices(plain):
            columns = [(_heading(name), plain[name]) for name in shown]
            widths = fitting(columns, options.max_width)
            if widths is not None:
                yield self._table(shown, cells, widths)
                without = [
                    _heading(name) for name in names if name not in shown and any(plain[name])
                ]
                if without:
                    yield Text(f"Too narrow for: {', '.join(without)}", style="dim")
                return
        yield from self._paragraphs(cells)

    def _choices(self, plain: Mapping[str, Sequence[str]]) -> Iterator[list[str]]:
        """The columns to try, from all to the fewest."""
        shown = [*plain]
        yield shown
        if filled := [name for name in shown if any(plain[name])]:
            yield (shown := filled)
        for left_out in self.dispensable:
            if left_out in shown and len(shown) > 1:
                yield (shown := [name for name in shown if name != left_out])

    def _table(
        self, names: Sequence[str], cells: Mapping[str, Sequence[Text]], widths: Sequence[int]
    ) -> Table:
        table = Table(title=Text(self.title), title_justify="left")
        for name, width in zip(names, widths, strict=True):
            numeric = any(isinstance(row[name], int | float | Decimal) for row in self.rows)
            table.add_column(_heading(name), justify="right" if numeric else "left", width=width)
        for number in range(len(self.rows)):
            table.add_row(*(cells[name][number] for name in names))
        return table

    def _paragraphs(self, cells: Mapping[str, Sequence[Text]]) -> RenderResult:
        yield Text(self.title, style="italic")
        for number in range(len(self.rows)):
            grid = Table.grid(padding=(0, 2))
            grid.add_column(no_wrap=True, style="dim")
            grid.add_column(overflow="fold")
            for name, values in cells.items():
                if values[number].plain:
                    grid.add_row(_heading(name), values[number])
            yield grid
            yield Text()


def as_table(
    title: str, rows: Sequence[Mapping[str, Any]], dispensable: Sequence[str] = ()
) -> Rows:
    """Rows as a table: their names above them in words, numbers to the right. A terminal that is
    too narrow for all shows no column of `dispensable`, leaving out the first ones first."""
    return Rows(title, rows, dispensable)


def _heading(name: str) -> str:
    return name.lower().replace("_", " ")


def fitting(columns: Sequence[tuple[str, Sequence[str]]], width: int) -> list[int] | None:
    """The widths of these columns (heading, values) in a table of the terminal's width, None where
    some word or short value would have to be cut."""
    natural = [max(map(cell_len, [heading, *values])) for heading, values in columns]
    least = [max(_longest_word(heading), *map(_least, values), 0) for heading, values in columns]
    free = width - PER_COLUMN * len(columns) - BORDER - sum(least)
    if free < 0:
        return None
    found = list(least)
    growing = sorted(range(len(columns)), key=lambda number: natural[number] - least[number])
    for left, number in zip(range(len(columns), 0, -1), growing, strict=True):
        more = min(natural[number] - least[number], free // left)
        found[number] += more
        free -= more
    for (_, values), size in zip(columns, found, strict=True):
        if any(_lines(text, size) > MOST_LINES for text in values):
            return None
    return found


def _least(text: str) -> int:
    return cell_len(text) if len(text.split()) <= SHORT_WORDS else _longest_word(text)


def _longest_word(text: str) -> int:
    return max(map(cell_len, text.split()), default=0)


def _lines(text: str, width: int) -> int:
    """How many lines the text takes, broken between words."""
    lines, used = 1, 0
    for word in map(cell_len, text.split()):
        if used and used + 1 + word > width:
            lines, used = lines + 1, word
        else:
            used += word + (1 if used else 0)
    return lines


def cell(value: Any) -> Text:
    """A value as people read it, on one line and safe for a terminal; a Text keeps its style."""
    if isinstance(value, Text):
        return Text(harmless(value.plain), style=value.style)
    return Text(_words(value))


def _words(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(value, float | Decimal):
        return f"{value:,.2f}"
    if isinstance(value, int):
        return f"{value:,}"
    return harmless(str(value))
