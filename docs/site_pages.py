"""A hook of mkdocs: the pages beside docs/ (README, ARCHITECTURE, those of flocon) join the site.

They keep the links that hold in the repository. Here a link to a page becomes one within the site,
and a link to a file that is no page becomes the file's name.
"""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
LINK = re.compile(r"\[((?:[^\[\]]|\[[^\]]*\])*)\]\((?![a-z]+:)([^)#\s]+)(#[^)\s]*)?\)")
PICTURE_LINK = re.compile(r"\[(!\[[^\]]*\]\([^)]*\))\]\([^)]*\)")


def joining() -> list[str]:
    """The pages outside of docs/, by their paths in the repository."""
    found = [*ROOT.glob("*.md"), *ROOT.glob("flocon/*.md"), *ROOT.glob("flocon/docs/**/*.md")]
    return sorted(path.relative_to(ROOT).as_posix() for path in found)


def on_files(files: Files, config: Any) -> Files:
    for path in joining():
        text = (ROOT / path).read_text("utf-8")
        files.append(File.generated(config, f"project/{path}", content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    place = page.file.src_uri
    repository = place.removeprefix("project/") if is_project(place) else f"docs/{place}"

    def rewritten(match: re.Match[str]) -> str:
        label, target, anchor = match[1], match[2], match[3] or ""
        aim = posixpath.normpath(posixpath.join(posixpath.dirname(repository), target))
        if aim.startswith("docs/") and (ROOT / aim).is_file():
            within = aim.removeprefix("docs/")
        elif aim in joining():
            within = f"project/{aim}"
        elif aim == "docs/decisions":
            within = "decisions/README.md"
        else:
            return label
        return f"[{label}]({posixpath.relpath(within, posixpath.dirname(place) or '.')}{anchor})"

    return LINK.sub(rewritten, PICTURE_LINK.sub(r"\1", markdown))


def is_project(place: str) -> bool:
    return place.startswith("project/")
