"""What to order, and that a spreadsheet takes no cell of the list for a formula."""

from __future__ import annotations

from typing import Any

import pytest

from tests.app.dashboard import conftest  # noqa: F401  # the path of the pages' modules

from language import ENGLISH, Language  # isort: skip
from purchase_list import as_csv, harmless  # isort: skip
from stock import needs, state  # isort: skip

NOT_KNOWN = float("nan")


def wine(**changes: Any) -> dict[str, Any]:
    return {
        "PRODUCT_ID": "p-1",
        "WINE": "Sancerre",
        "CATEGORY": "Blanc",
        "WAREHOUSE": "Lyon",
        "EXPECTED_STOCK": -2,
        "DAILY_SALES": 3.65,
        "DAYS_LEFT": 0.0,
        "NEEDS": 108,
    } | changes


def test_the_list_has_the_form_of_its_language() -> None:
    assert as_csv([wine()], 50, ENGLISH).decode("utf-8-sig") == (
        "Product,Wine,Category,Warehouse,Expected stock,Bottles a day,Days left,Threshold,To order"
        "\r\np-1,Sancerre,Blanc,Lyon,-2,3.6,0.0,50,108\r\n"
    )
    french = as_csv([wine(DAILY_SALES=NOT_KNOWN, DAYS_LEFT=None)], 50, Language("fr"))
    assert french.decode("utf-8-sig") == (
        "Produit;Vin;Catégorie;Entrepôt;Stock attendu;Bouteilles par jour;Jours restants;Seuil;"
        "À commander\r\np-1;Sancerre;Blanc;Lyon;-2;;;50;108\r\n"
    )


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+33 1", "-2", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "  =1", "\u00a0=1", "\uff1d1"],
)
def test_a_text_that_would_be_a_formula_is_a_text(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Château = d'Yquem", "1er cru", "", "« Le Haut-Lieu »"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert harmless(text) == text


def test_every_text_of_the_list_is_harmless() -> None:
    hostile = wine(PRODUCT_ID="=1", WINE='=HYPERLINK("x")', CATEGORY="+1", WAREHOUSE="@x")
    [_, line] = as_csv([hostile], 50, ENGLISH).decode("utf-8-sig").splitlines()
    assert line.startswith('\'=1,"\'=HYPERLINK(""x"")",\'+1,\'@x,-2,')


@pytest.mark.parametrize(
    ("changes", "expected", "bottles"),
    [
        ({"EXPECTED_STOCK": 0, "DAYS_LEFT": 0.0, "DAILY_SALES": 1.0}, "OUT", 54),
        ({"EXPECTED_STOCK": 60, "DAYS_LEFT": 6.9, "DAILY_SALES": 8.7}, "SOON", 186),
        ({"EXPECTED_STOCK": 49, "DAYS_LEFT": 7.0, "DAILY_SALES": 7.0}, "LOW", 150),
        ({"EXPECTED_STOCK": 49, "DAYS_LEFT": NOT_KNOWN, "DAILY_SALES": NOT_KNOWN}, "LOW", 6),
        ({"EXPECTED_STOCK": 50, "DAYS_LEFT": NOT_KNOWN, "DAILY_SALES": 0.0}, "ENOUGH", 0),
        ({"EXPECTED_STOCK": 70, "DAYS_LEFT": 10.0, "DAILY_SALES": 7.0}, "ENOUGH", 0),
    ],
)
def test_what_runs_out_or_is_below_the_threshold_is_ordered_in_cases_for_four_weeks(
    changes: dict[str, Any], expected: str, bottles: int
) -> None:
    found = wine(**changes)
    assert (state(found, 50), needs(found, 50)) == (expected, bottles)
