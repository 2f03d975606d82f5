"""What an error of the Snowflake connector means for a batch, by its number and SQL state.

Numbers and states are the contract; texts are only for people. Sources: errorcode.py and
network.py of the connector, and the section Exception of
https://docs.snowflake.com/en/user-guide/python-connector-api.
"""

from snowflake.connector import errors
from snowflake.connector.vendored.urllib3.exceptions import HTTPError

from ingest.errors import DataRefused, Fatal, IngestError, Transient

# What the operator can do about an error, by its number; the rest speaks for itself.
DEPLOYED = (
    "does --database name the right one, has the application been deployed to it (caves deploy),"
    " and may this role use it?"
)
TABLES_ARE_OLD = (
    "the tables are older than this ingester: run caves deploy first, which adds the column and"
    " keeps every row and offset"
)
REACHABLE = (
    "are account, user and credentials of this connection in connections.toml right, and does the"
    " account answer?"
)
WHAT_TO_DO = {
    606: "name a warehouse in the connection, or give its user a default one",
    904: TABLES_ARE_OLD,
    2003: DEPLOYED,
    2043: DEPLOYED,
    3001: "the role of this connection needs USAGE on the database and RAW_DATA, SELECT and INSERT"
    " on its tables, and UPDATE on INGEST_OFFSETS",
    250_001: REACHABLE,
    250_003: REACHABLE,
    251_001: REACHABLE,
}

# Errors in executing a statement over its rows: a cast, a length, a JSON text that does not parse.
DATA_ERRORS = range(100_000, 101_000)
DATA_STATES = ("22", "54")
# The connector's 290000 plus the HTTP status: fewer rows in one request may do.
REQUEST_TOO_LARGE = 290_413

# The connector lets some errors of its HTTP library through (requests' own are OSErrors).
CONNECTOR_ERRORS = (errors.Error, OSError, HTTPError)

TRANSIENT_NUMBERS = frozenset(
    {
        603,  # the service met an error of its own
        604,  # the statement was cancelled
        610,  # the warehouse is being resumed or resized
        625,  # a lock: waited for too long, or too many waiters
        630,  # the statement reached its timeout
        91_016,  # the file that a COPY INTO names is not there; the next attempt uploads it again
        90_236,  # the transaction was undone, for it held up others while this process slept
        250_001,  # could not connect
        250_002,  # the connection is closed
        250_003,  # the request failed
        250_005,  # the server failed
        251_011,  # the connection timed out
        251_012,  # a retryable HTTP status
        252_006,  # the cursor is closed, with its connection
        252_007,  # the session could not be renewed
        390_104,  # the session token is not known, perhaps no longer
        390_111,  # the session no longer exists
        390_112,  # the session expired
        390_113,  # the session token was not found
        390_114,  # the authentication token expired
        390_115,  # the session token is invalid
        390_195,  # the identity token expired
        300_001,  # an error of the account's own: its disk is full, its memory used up
    }
)
TRANSIENT_CLASSES = (
    errors.InternalServerError,
    errors.ServiceUnavailableError,
    errors.GatewayTimeoutError,
    errors.BadGatewayError,
    errors.RequestTimeoutError,
    errors.TooManyRequests,
    errors.OtherHTTPRetryableError,
    errors.RequestExceedMaxRetryError,
    errors.TokenExpiredError,
    errors.OperationalError,
)


def translate(error: Exception, doing: str, writes_data: bool = False) -> IngestError:
    """The error of this package for an error of the connector, met while `doing` something."""
    text = f"{doing}: {one_line(error)}"
    if not isinstance(error, errors.Error):
        return Transient(text)
    number = abs(error.errno or 0)
    if number in TRANSIENT_NUMBERS or isinstance(error, TRANSIENT_CLASSES):
        return Transient(text)
    state = str(error.sqlstate or "")
    too_large = number == REQUEST_TOO_LARGE
    if writes_data and (too_large or number in DATA_ERRORS or state[:2] in DATA_STATES):
        return DataRefused(one_line(error))
    return Fatal(with_advice(text, error))


def with_advice(text: str, error: BaseException | None) -> str:
    """The text, and behind it what the operator can do about the connector's error, if anything."""
    number = abs(getattr(error, "errno", None) or 0)
    advice = WHAT_TO_DO.get(number)
    return f"{text.rstrip('.')}; {advice}" if advice else text


def one_line(error: Exception) -> str:
    """What it says, and behind it what those who passed it on know about it."""
    message = getattr(error, "msg", None) or str(error) or type(error).__name__
    notes = "".join(f" ({note})" for note in getattr(error, "__notes__", ()))
    return " ".join(f"{message}{notes}".split())
