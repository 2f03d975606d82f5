"""The pages keep to what Streamlit 1.52 has, the newest of Snowflake's warehouse runtime.

https://docs.snowflake.com/en/developer-guide/streamlit/app-development/runtime-environments
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[3]
PAGES = sorted((ROOT / "app" / "dashboard").glob("*.py"))

# Functions and their keyword arguments, each looked up in the signatures of Streamlit 1.52.2.
API_1_52 = {
    "Page": {"default", "icon", "title", "url_path"},
    "cache_data": {"show_spinner", "ttl"},
    "cache_resource": {"show_spinner"},
    "caption": set(),
    "column_config.NumberColumn": {"format", "help"},
    "columns": set(),
    "connection": set(),
    "dataframe": {"column_config", "hide_index"},
    "date_input": {"format", "max_value"},
    "download_button": {"file_name", "mime", "on_click"},
    "error": set(),
    "html": set(),
    "multiselect": {"default", "format_func", "placeholder"},
    "navigation": {"position"},
    "query_params.from_dict": set(),
    "query_params.get": set(),
    "query_params.get_all": set(),
    "radio": {"format_func", "horizontal", "index"},
    "rerun": set(),
    "set_page_config": {"layout", "page_icon", "page_title"},
    "sidebar": set(),
    "tabs": set(),
    "text": set(),
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


def manifest(place: str) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((ROOT / place / "snowflake.yml").read_text("utf-8"))
    return found


def test_the_manifest_deploys_every_file_of_the_dashboard_from_the_root_of_its_source() -> None:
    dashboard = manifest("app/dashboard")["entities"]["dashboard"]
    beside = {"environment.yml", "pyproject.toml", ".streamlit/config.toml"}
    assert set(dashboard["artifacts"]) == {*(path.name for path in PAGES), *beside}
    assert dashboard["main_file"] == "streamlit_app.py"


def test_the_dashboard_names_its_runtime_and_both_manifests_say_the_same() -> None:
    dashboard, project = manifest("app/dashboard"), manifest("")
    [entity] = dashboard["entities"].values()
    assert entity["runtime_name"] == "<% ctx.env.dashboard_runtime %>"
    assert dashboard["env"] == {name: project["env"][name] for name in dashboard["env"]}
    assert dashboard["env"]["dashboard_runtime"] == "SYSTEM$WAREHOUSE_RUNTIME"


def test_the_warehouse_runtime_installs_the_streamlit_whose_api_the_pages_keep_to() -> None:
    environment = yaml.safe_load((ROOT / "app/dashboard/environment.yml").read_text("utf-8"))
    assert environment["dependencies"] == ["streamlit=1.52.2", "pandas"]
    assert environment["channels"] == ["snowflake"]


def test_the_container_runtime_needs_no_package_index() -> None:
    project = tomllib.loads((ROOT / "app/dashboard/pyproject.toml").read_text("utf-8"))["project"]
    assert project["dependencies"] == ["streamlit[snowflake]", "pandas"]


def test_markdown_holds_no_text_from_outside() -> None:
    """What st.error and its like show is Markdown: an event could put a picture or a link there."""
    marked = ("error", "warning", "info", "success", "caption", "title", "subheader", "markdown")
    found = [
        ast.unparse(node)
        for path in PAGES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call)
        and ast.unparse(node.func).startswith("st.")
        and ast.unparse(node.func).removeprefix("st.") in marked
        and not all(is_our_own(each) for each in node.args)
    ]
    assert found == []


def is_our_own(argument: ast.expr) -> bool:
    """A text of the page's, in whatever language, with nothing in it that was read."""
    if isinstance(argument, ast.Call) and ast.unparse(argument.func).endswith(".say"):
        return not argument.keywords and is_our_own(argument.args[0])
    return isinstance(argument, ast.Constant)


def test_html_is_written_in_one_module_which_escapes_it() -> None:
    found = {
        (path.name, ast.unparse(node))
        for path in PAGES
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.html"
    }
    assert {name for name, _ in found} == {"markup.py"}
