"""Every test in this folder says which page of Snowflake's documentation it holds."""

import ast
from pathlib import Path

_PAGE = "https://docs.snowflake.com/en/"
_FOLDER = Path(__file__).parent


def _without_page(source: str) -> list[str]:
    """The names of the test functions whose docstring names no page."""
    return [
        node.name
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
        and _PAGE not in (ast.get_docstring(node) or "")
    ]


def test_every_conformance_test_names_its_page() -> None:
    files = [path for path in _FOLDER.rglob("test_*.py") if path != Path(__file__)]
    missing = [f"{path.name}: {name}" for path in files for name in _without_page(path.read_text())]
    assert missing == []


def test_a_test_without_a_page_is_found() -> None:
    source = (
        f'def test_told():\n    """{_PAGE}user-guide/streams-intro"""\n'
        "def test_untold():\n    pass\n"
        'class Tests:\n    def test_elsewhere(self):\n        """https://example.org"""\n'
        "def helper():\n    pass\n"
    )
    assert _without_page(source) == ["test_untold", "test_elsewhere"]
