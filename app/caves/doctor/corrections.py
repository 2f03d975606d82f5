"""What people call about events that should never have been: the last of the procedures."""

from app.caves.doctor.assertion import Subject, expect
from app.caves.doctor.environment import Environment
from app.caves.laws.verify import verify
from app.caves.operations.forget import FORGET
from app.caves.operations.procedures import VOID, WITHDRAW
from app.caves.operations.rejected import ACCEPT_FUTURE

CORRECTIONS = Subject("deploys", "tasks-move-events")
holds = CORRECTIONS.holds
CUSTOMER = "c-1"
PAGE = "developer-guide/stored-procedure/python/procedure-python-overview"


@holds("calls-void-adjustment", PAGE, "`caves void` fails")
def calls_void_adjustment(environment: Environment) -> str:
    """VOID_ADJUSTMENT takes an adjustment back, and the level with it."""
    counts = environment.counts(VOID, "a-3", "doctor")
    expect(counts, {"voided": 1, "known": 1}, "counts")
    level = environment.ask(
        "SELECT CURRENT_STOCK_LEVEL FROM {db}.PRODUCTION.INVENTORY_CURRENT WHERE PRODUCT_ID = 'p-1'"
    ).value
    expect(int(level), 94, "level of p-1")
    return "level 94 again"


@holds("calls-withdraw-order-event", PAGE, "`caves withdraw` fails")
def calls_withdraw_order_event(environment: Environment) -> str:
    """WITHDRAW_ORDER_EVENT lets an order show the latest of its other events."""
    counts = environment.counts(WITHDRAW, "o-1", "e-10", "doctor")
    expect(counts, {"withdrawn": 1, "shown": 1, "removed": 0}, "counts")
    quantity = environment.ask(
        "SELECT QUANTITY FROM {db}.PRODUCTION.ORDERS WHERE ORDER_ID = 'o-1'"
    ).value
    expect(int(quantity), 3, "quantity of o-1")
    return "quantity 3 again"


@holds("calls-accept-future", PAGE, "`caves rejected retry --accept-future` fails")
def calls_accept_future(environment: Environment) -> str:
    """ACCEPT_FUTURE touches none but the events that are named."""
    counts = environment.counts(ACCEPT_FUTURE, "[]", "doctor")
    expect(counts, {"staged": 0, "retried": 0, "still_rejected": 0}, "counts")
    return "none named, none touched"


@holds("calls-forget-customer", PAGE, "`caves forget` fails, or leaves something behind")
def calls_forget_customer(environment: Environment) -> str:
    """FORGET_CUSTOMER leaves the customer in no table, and their orders where they are."""
    orders = "SELECT COUNT(*) FROM {db}.PRODUCTION.ORDERS"
    before = environment.ask(orders).value
    counts = environment.counts(FORGET, CUSTOMER, "doctor", False)
    expect(counts["orders"] > 0, True, f"orders of {CUSTOMER} redacted")
    left = environment.counts(FORGET, CUSTOMER, "doctor", True)
    expect({**left, "known": 0}, dict.fromkeys(left, 0), "what is left")
    expect(environment.ask(orders).value, before, "number of orders")
    return f"{counts['orders']} orders without a customer"


@holds(
    "the-laws-hold-after-corrections",
    "sql-reference/transactions",
    "a correction broke what production promises; `caves verify` says which law",
    needs=("calls-void-adjustment", "calls-withdraw-order-event"),
)
def the_laws_hold_after_corrections(environment: Environment) -> str:
    """`caves verify` finds every law kept, the corrections included."""
    with environment.account() as account:
        broken = {each.law.number: each.broken for each in verify(account) if not each.holds}
    expect(broken, {}, "broken laws")
    return "all"
