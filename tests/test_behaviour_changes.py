"""docs/behaviour-changes.md: every bundle of the year, each line with its page and its meaning."""

import re
from pathlib import Path

PAGE = (Path(__file__).parents[1] / "docs/behaviour-changes.md").read_text("utf-8")
SITE = "https://docs.snowflake.com/en/release-notes/bcr-bundles/"
PARTS = re.split(r"^## ", PAGE, flags=re.MULTILINE)[1:]


def test_no_bundle_between_the_first_and_the_newest_is_left_out() -> None:
    bundles = [found[0] for part in PARTS if (found := re.match(r"2026_\d\d", part))]
    assert bundles == sorted(bundles, reverse=True)
    assert bundles == [f"2026_{n:02}" for n in range(len(bundles), 0, -1)]
    assert len(bundles) >= 8


def test_each_change_has_its_own_page_and_says_what_it_means_here() -> None:
    lines = [(part, line) for part in PARTS for line in part.splitlines() if "| [" in line]
    assert len(lines) > 40
    for part, line in lines:
        bundle = re.match(r"2026_\d\d", part)
        _, changes, what, here, _ = line.split(" | ".strip())
        for number, page in re.findall(r"\[(\d+)\]\((\S+?)\)", changes):
            place = f"{bundle[0]}" if bundle else "un-bundled"
            pages = {f"{SITE}{place}/bcr-{number}", f"{SITE}{place}_bundle"}
            assert page in pages, line
        assert what.strip(), line
        assert here.strip(), line
