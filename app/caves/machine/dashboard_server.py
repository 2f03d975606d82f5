"""`streamlit run`, in a process that has imported what the pages import before it serves anybody.

    python -m app.caves.machine.dashboard_server run app/dashboard/streamlit_app.py

Streamlit runs a page, and imports what that needs, when somebody looks at it: the first viewer
would wait for it.
"""

import contextlib
import importlib
import sys

# Whatever of it is missing, the page itself will say.
IMPORTED = ("pandas", "pyarrow", "snowflake.connector", "streamlit.connections")


def main() -> None:
    """What `streamlit` does with the same arguments."""
    for name in IMPORTED:
        with contextlib.suppress(ImportError):
            importlib.import_module(name)
    from streamlit.web import cli

    sys.exit(cli.main(prog_name="streamlit"))


if __name__ == "__main__":
    main()
