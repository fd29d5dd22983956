"""Outgoing mail over SMTP (RFC 5321), blocking: call it from a thread."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from urllib.parse import SplitResult, unquote, urlsplit

_SECONDS = 20.0
_PORTS = {"smtp": 587, "smtps": 465}
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Post:
    """One mail server. `smtps://` speaks TLS at once, `smtp://` after greeting (and must, outside this machine)."""

    def __init__(self, address: SplitResult, sender: str) -> None:
        self._address, self._sender = address, sender

    def send(self, *, to: str, subject: str, text: str) -> None:
        """Send plain text. Raises OSError when it did not leave (smtplib's own failures are among them)."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self._sender, to, subject
        letter.set_content(text)
        with self._connected() as server:
            if self._address.username:
                server.login(unquote(self._address.username), unquote(self._address.password or ""))
            server.send_message(letter)

    def _connected(self) -> smtplib.SMTP:
        host, port = self._address.hostname or "", self._address.port or _PORTS[self._address.scheme]
        if self._address.scheme == "smtps":
            return smtplib.SMTP_SSL(host, port, timeout=_SECONDS, context=ssl.create_default_context())
        server = smtplib.SMTP(host, port, timeout=_SECONDS)
        if host not in _LOOPBACK:
            server.starttls(context=ssl.create_default_context())
        return server


def post_of(url: str, sender: str) -> Post:
    """The server of `smtp://user:password@host:587` or `smtps://…`. Raises ValueError for anything else."""
    address = urlsplit(url)
    if address.scheme not in _PORTS or not address.hostname:
        raise ValueError("an SMTP address begins with smtp:// or smtps:// and names a host")
    return Post(address, sender)
