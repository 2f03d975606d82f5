"""Customers hidden from those who read tables: the setting mask_customers (docs/privacy.md)."""

from collections.abc import Mapping

from app.caves.errors import CommandError
from app.caves.target import Account


def is_wanted(env: Mapping[str, str]) -> bool:
    return env.get("mask_customers") == "on"


def check_role(account: Account, env: Mapping[str, str]) -> None:
    """Raise CommandError where another role than the policy's own deploys: procedures run with
    their owner's rights, and would write into ORDERS what the policy leaves for others, nothing."""
    if not is_wanted(env):
        return
    role = account.row("SELECT CURRENT_ROLE() AS NAME")["NAME"]
    wanted = f"{account.database}_DEPLOYER"
    if role != wanted:
        raise CommandError(
            f"mask_customers is on, and the policy shows customers to {wanted} alone: deploy under"
            f" it, not as {role} (`caves bootstrap` makes it)"
        )
