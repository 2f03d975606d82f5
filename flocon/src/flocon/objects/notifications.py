"""SYSTEM$SEND_EMAIL, SYSTEM$SEND_SNOWFLAKE_NOTIFICATION and what makes up their arguments.

Nothing leaves this machine: messages go to the account's outbox.
https://docs.snowflake.com/en/sql-reference/stored-procedures/system_send_email
https://docs.snowflake.com/en/sql-reference/stored-procedures/system_send_snowflake_notification
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from flocon.access.needs import Need
from flocon.access.securables import Securable
from flocon.core import errors
from flocon.objects.integrations import INTEGRATIONS, Integration
from flocon.session.context import Context
from flocon.sql.tokens import Tokens

# The number of Snowflake's own error for addresses; for the other faults of messages it is not
# documented.
_NOT_ALLOWED = errors.Code(394209, "22023")
_LONGEST_SUBJECT = 256
_MESSAGE = "SNOWFLAKE_WEBHOOK_MESSAGE"
_PLACEHOLDERS = ("SNOWFLAKE_WEBHOOK_SECRET", _MESSAGE)
_SUBTYPES = {"text/plain": "plain", "text/html": "html"}


def send_email(context: Context, arguments: Sequence[Any]) -> bool:
    """SYSTEM$SEND_EMAIL(integration, 'a@x, b@y', subject, content [, mime type])"""
    if len(arguments) not in (4, 5) or not all(isinstance(each, str) for each in arguments):
        raise _invalid("SYSTEM$SEND_EMAIL takes four or five texts.")
    name, recipients, subject, content, *mime = arguments
    integration = _usable(context, name)
    if integration.kind != "EMAIL":
        raise _invalid(f"Integration '{integration.name}' is not an email integration.")
    to = [address.strip() for address in recipients.split(",") if address.strip()]
    kind = mime[0] if mime else "text/plain"
    _email(context, integration, {"subject": subject, "toAddress": to}, kind, content)
    return True


def send_notification(context: Context, arguments: Sequence[Any]) -> str:
    """SYSTEM$SEND_SNOWFLAKE_NOTIFICATION(message, integration configuration), both JSON texts."""
    if len(arguments) != 2 or not all(isinstance(each, str) for each in arguments):
        raise errors.unsupported("SYSTEM$SEND_SNOWFLAKE_NOTIFICATION with lists of messages")
    message, configuration = (_object(each) for each in arguments)
    [(kind, content)] = message.items()
    [(name, options)] = configuration.items()
    integration = _usable(context, name)
    if integration.kind == "EMAIL":
        _email(context, integration, options, kind, content)
    else:
        _webhook(context, integration, content)
    return "Enqueued notifications"


def _usable(context: Context, name: str) -> Integration:
    plain = Tokens(name).name().name
    context.access.require(Need(Securable("INTEGRATION", (plain,)), ("USAGE",)))
    integration = INTEGRATIONS.get(context.account, plain)
    if not integration.properties["ENABLED"]:
        raise _invalid(f"Integration '{integration.name}' is not enabled.")
    return integration


def _email(
    context: Context, integration: Integration, options: dict[str, Any], kind: str, content: str
) -> None:
    properties = integration.properties
    subject = options.get("subject") or properties.get("DEFAULT_SUBJECT") or ""
    to = options.get("toAddress") or properties.get("DEFAULT_RECIPIENTS") or []
    cc, bcc = options.get("ccAddress") or [], options.get("bccAddress") or []
    if not subject or len(subject) > _LONGEST_SUBJECT:
        raise _invalid(f"The subject of an email has 1 to {_LONGEST_SUBJECT} characters.")
    if not to or not content:
        raise _invalid(f"The email has no {'recipients' if content else 'content'}.")
    if kind not in _SUBTYPES:
        raise _invalid(f"'{kind}' is not a type of content for an email.")
    allowed = properties.get("ALLOWED_RECIPIENTS")
    strangers = [each for each in (*to, *cc, *bcc) if allowed and each not in allowed]
    if strangers:
        raise errors.SnowflakeError(
            _NOT_ALLOWED,
            "Following email address(es) are not allowed by the email integration"
            f" {integration.name}: [{', '.join(strangers)}]",
        )
    context.account.outbox.email(integration.name, to, cc, bcc, subject, content, _SUBTYPES[kind])


def _webhook(context: Context, integration: Integration, content: str) -> None:
    properties = integration.properties
    body = properties.get("WEBHOOK_BODY_TEMPLATE", _MESSAGE).replace(_MESSAGE, content)
    headers = properties.get("WEBHOOK_HEADERS", {})
    context.account.outbox.webhook(integration.name, properties["WEBHOOK_URL"], headers, body)


def _object(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text)
    except ValueError:
        raise _invalid(f"'{text}' is not JSON.") from None
    if not isinstance(value, dict) or len(value) != 1:
        raise errors.unsupported(f"SYSTEM$SEND_SNOWFLAKE_NOTIFICATION with '{text}'")
    return value


def _invalid(text: str) -> errors.SnowflakeError:
    return errors.compilation(errors.COMPILATION, text)


def _content(kind: str) -> Callable[[Context, list[Any]], str]:
    """SNOWFLAKE.NOTIFICATION.TEXT_PLAIN and its siblings.
    https://docs.snowflake.com/en/sql-reference/functions/text_plain
    """

    def build(context: Context, arguments: list[Any]) -> str:
        [content] = _counted(arguments, 1)
        return json.dumps({kind: content}, ensure_ascii=False)

    return build


def _integration(context: Context, arguments: list[Any]) -> str:
    """https://docs.snowflake.com/en/sql-reference/functions/integration"""
    [name] = _counted(arguments, 1)
    return json.dumps({name: {}}, ensure_ascii=False)


def _email_config(context: Context, arguments: list[Any]) -> str:
    """EMAIL_INTEGRATION_CONFIG(integration [, subject, to [, cc [, bcc]]])
    https://docs.snowflake.com/en/sql-reference/functions/email_integration_config
    """
    name, *values = _counted(arguments, 1, 5)
    keys = ("subject", "toAddress", "ccAddress", "bccAddress")
    given = zip(keys, values, strict=False)
    options = {key: _list(value) if key != "subject" else value for key, value in given if value}
    return json.dumps({name: options}, ensure_ascii=False)


def _list(value: Any) -> list[str]:
    return json.loads(value) if isinstance(value, str) else list(value)


def _sanitized(context: Context, arguments: list[Any]) -> str:
    """https://docs.snowflake.com/en/sql-reference/functions/sanitize_webhook_content"""
    [text] = _counted(arguments, 1)
    for placeholder in _PLACEHOLDERS:
        text = text.replace(placeholder, "REDACTED")
    return str(text)


def _counted(arguments: list[Any], low: int, high: int | None = None) -> list[Any]:
    if not low <= len(arguments) <= (high or low):
        raise _invalid(f"wrong number of arguments: {len(arguments)}")
    return arguments


PROCEDURES = {
    "SYSTEM$SEND_EMAIL": send_email,
    "SYSTEM$SEND_SNOWFLAKE_NOTIFICATION": send_notification,
}

NAMESPACED = {
    "SNOWFLAKE.NOTIFICATION.APPLICATION_JSON": _content("application/json"),
    "SNOWFLAKE.NOTIFICATION.EMAIL_INTEGRATION_CONFIG": _email_config,
    "SNOWFLAKE.NOTIFICATION.INTEGRATION": _integration,
    "SNOWFLAKE.NOTIFICATION.SANITIZE_WEBHOOK_CONTENT": _sanitized,
    "SNOWFLAKE.NOTIFICATION.TEXT_HTML": _content("text/html"),
    "SNOWFLAKE.NOTIFICATION.TEXT_PLAIN": _content("text/plain"),
}
