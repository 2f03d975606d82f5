"""Where the account's messages go instead of out into the world: files that people can read."""

import json
import logging
import re
import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

log = logging.getLogger(__name__)

_KEPT = 1000
_LONGEST_NAME = 100
SENDER = "no-reply@snowflake.net"


class Outbox:
    """The folder `outbox` of the data folder: an .eml file for each e-mail, a .json file for each
    request to a webhook. The last thousand are kept. Thread-safe."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()

    def email(
        self,
        integration: str,
        to: Sequence[str],
        cc: Sequence[str],
        bcc: Sequence[str],
        subject: str,
        content: str,
        subtype: str,
    ) -> Path:
        """subtype is plain or html."""
        message = EmailMessage()
        message["From"] = SENDER
        for header, addresses in (("To", to), ("Cc", cc), ("Bcc", bcc)):
            if addresses:
                message[header] = ", ".join(addresses)
        # A header has no line breaks, and subjects come from people.
        message["Subject"] = " ".join(subject.split())
        message["X-Snowflake-Integration"] = integration
        message.set_content(content, subtype=subtype)
        return self._put(integration, "eml", message.as_bytes())

    def webhook(self, integration: str, url: str, headers: Mapping[str, str], body: str) -> Path:
        request = {"url": url, "headers": dict(headers), "body": body}
        text = json.dumps(request, ensure_ascii=False, indent=2)
        return self._put(integration, "json", text.encode())

    def _put(self, integration: str, suffix: str, content: bytes) -> Path:
        with self._lock:
            self._folder.mkdir(exist_ok=True)
            stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S%f")
            name = re.sub(r"[^A-Za-z0-9]", "_", integration)[:_LONGEST_NAME]
            path = self._folder / f"{stamp}-{name}.{suffix}"
            path.write_bytes(content)
            for old in sorted(self._folder.iterdir())[:-_KEPT]:
                old.unlink()
        log.info("notification by %s, not sent from this machine: %s", integration, path)
        return path
