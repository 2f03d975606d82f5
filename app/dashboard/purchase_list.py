"""The wines to order, as a file for a spreadsheet."""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from language import Language

# A spreadsheet takes a text that begins with one of these for a formula, blanks before it or not;
# the last four are the same signs in full width.
# https://owasp.org/www-community/attacks/CSV_Injection
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# By this a spreadsheet knows that the file is UTF-8.
MARK = "\ufeff"


def as_csv(wines: Iterable[Mapping[str, Any]], threshold: int, words: Language) -> bytes:
    """One line for each wine, in the form of the language: French spreadsheets separate by
    semicolons, and write 3,7."""
    file = io.StringIO()
    writer = csv.writer(file, delimiter=";" if words.name == "fr" else ",", lineterminator="\r\n")
    titles = [
        "Product",
        "Wine",
        "Category",
        "Warehouse",
        "Expected stock",
        "Bottles a day",
        "Days left",
        "Threshold",
        "To order",
    ]
    writer.writerow([words.say(title) for title in titles])
    for each in wines:
        writer.writerow(
            [
                *(harmless(each[name]) for name in ("PRODUCT_ID", "WINE", "CATEGORY", "WAREHOUSE")),
                int(each["EXPECTED_STOCK"]),
                number(each["DAILY_SALES"], words),
                number(each["DAYS_LEFT"], words),
                threshold,
                each["NEEDS"],
            ]
        )
    return (MARK + file.getvalue()).encode()


def harmless(text: str | None) -> str:
    """The text, with an apostrophe before it where it would be a formula."""
    text = text or ""
    return f"'{text}" if text.lstrip().startswith(FORMULA) or text[:1] in FORMULA else text


def number(value: float | None, words: Language) -> str:
    """With one decimal, and nothing else that a spreadsheet would have to understand."""
    if value is None or pd.isna(value):
        return ""
    text = f"{value:.1f}"
    return text.replace(".", ",") if words.name == "fr" else text
