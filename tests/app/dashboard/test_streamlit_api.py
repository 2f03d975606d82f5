"""The pages keep to what Streamlit 1.52 has, the newest of Snowflake's warehouse runtime.

https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "app" / "dashboard").glob("*.py"))

# Functions and their keyword arguments, each looked up in the signatures of Streamlit 1.52.2.
API_1_52 = {
    "Page": {"default", "icon", "title", "url_path"},
    "altair_chart": {"width"},
    "cache_data": {"show_spinner", "ttl"},
    "caption": set(),
    "column_config.NumberColumn": {"format", "help"},
    "columns": set(),
    "connection": set(),
    "dataframe": {"column_config", "hide_index"},
    "date_input": {"max_value"},
    "error": set(),
    "graphviz_chart": {"width"},
    "info": set(),
    "multiselect": {"placeholder"},
    "navigation": set(),
    "selectbox": {"index"},
    "set_page_config": {"layout", "page_icon", "page_title"},
    "sidebar": set(),
    "subheader": set(),
    "success": set(),
    "tabs": set(),
    "title": set(),
    "warning": set(),
}
ELEMENT_API_1_52 = {
    "caption": set(),
    "cursor": set(),
    "error": set(),
    "metric": {"border", "help"},
    "query": {"params", "show_spinner", "ttl"},
}


def calls() -> Iterator[tuple[str, set[str]]]:
    """(function's text, keyword arguments) of every call in the pages."""
    for path in PAGES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call):
                yield ast.unparse(node.func), {word.arg or "**" for word in node.keywords}


def test_every_call_of_streamlit_is_one_that_1_52_knows() -> None:
    unknown = [
        (name, words - API_1_52.get(name.removeprefix("st."), set()))
        for name, words in calls()
        if name.startswith("st.")
        and (
            words - API_1_52.get(name.removeprefix("st."), set())
            or name.removeprefix("st.") not in API_1_52
        )
        and not name.startswith("st.connection('snowflake').")
    ]
    assert unknown == []


def test_every_call_of_an_element_is_one_that_1_52_knows() -> None:
    found = {}
    for name, words in calls():
        method = name.rpartition(".")[2]
        if name.startswith(("place.", "places[", "st.connection('snowflake').")):
            found[method] = found.get(method, set()) | words
    assert found.keys() <= ELEMENT_API_1_52.keys()
    assert {name: words - ELEMENT_API_1_52[name] for name, words in found.items()} == {
        name: set() for name in found
    }


def test_the_manifest_deploys_every_file_of_the_dashboard() -> None:
    manifest = yaml.safe_load((ROOT / "snowflake.yml").read_text("utf-8"))
    dashboard = manifest["entities"]["dashboard"]
    shipped = {*(str(path.relative_to(ROOT)) for path in PAGES), "app/dashboard/environment.yml"}
    assert set(dashboard["artifacts"]) == {*shipped, ".streamlit/config.toml"}
    assert dashboard["main_file"] == "app/dashboard/streamlit_app.py"


def test_snowflake_installs_the_streamlit_whose_api_the_pages_keep_to() -> None:
    environment = yaml.safe_load((ROOT / "app/dashboard/environment.yml").read_text("utf-8"))
    assert "streamlit=1.52.2" in environment["dependencies"]
    assert environment["channels"] == ["snowflake"]
