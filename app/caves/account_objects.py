"""The database and the warehouse, which a deployment makes only where they are missing.

CREATE … IF NOT EXISTS asks for the right to create although there is nothing to create, and a
deployer's role has it no more once `caves bootstrap` has made both.
"""

import re

from app.caves.project import Project
from app.caves.target import Account
from app.caves.warehouse import find

CREATED = re.compile(
    r"^CREATE (?:DATABASE|WAREHOUSE) IF NOT EXISTS .*?;\n", re.MULTILINE | re.DOTALL
)
# In LIKE `_` would be any character, so whole names are compared.
SHOW_DATABASES = "SHOW DATABASES"


def leave_out_existing(copy: Project, account: Account, warehouse: str) -> None:
    """Take both statements out of a copy's files if both objects are there."""
    databases = {row["NAME"] for row in account.rows(SHOW_DATABASES)}
    if account.database not in databases or find(account, warehouse) is None:
        return
    for file in copy.sql_files():
        text = file.path.read_text(encoding="utf-8")
        if CREATED.search(text):
            file.path.write_text(CREATED.sub("", text), encoding="utf-8")
