"""The dashboard's place in the account, before `snow streamlit deploy` takes it."""

from snowflake.connector.errors import ProgrammingError

from app.caves.target import Account, is_missing

# The name that app/dashboard/snowflake.yml gives it, and its entry file there.
NAME = "ANALYTICS.DASHBOARD"
MAIN_FILE = "streamlit_app.py"
KEY = f"STREAMLIT {NAME}"

DESCRIBE = f"DESCRIBE STREAMLIT {{db}}.{NAME}"
DROP = f"DROP STREAMLIT {{db}}.{NAME}"


def make_way(account: Account) -> None:
    """Drop an app with another entry file than ours: `snow streamlit deploy --replace` changes an
    app in place, and leaves its entry file as it is. The app holds no data; who may open it gets
    that again by the FUTURE grants of `caves bootstrap`."""
    try:
        [row] = account.rows(DESCRIBE)
    except ProgrammingError as error:
        if is_missing(error):
            return
        raise
    if row["MAIN_FILE"] != MAIN_FILE:
        account.run(DROP)
