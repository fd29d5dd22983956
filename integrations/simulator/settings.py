"""What a simulated WhatsApp number is told when it starts."""

from __future__ import annotations

from urllib.parse import urlsplit

import msgspec

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class SimulatorSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Names, secrets and tempers of one simulated number; every default is good for a demo on one machine.

    Durations are seconds of the simulated clock, except those about webhooks, which are real ones.
    """

    webhook_url: str = "http://127.0.0.1:8000/webhooks/whatsapp"
    """Where the events of the number go."""
    app_secret: str = "simulator-app-secret"  # noqa: S105 - opens nothing but a simulator
    """Signs webhooks; empty: they are not signed, as Meta never does."""
    access_token: str = "simulator-access-token"  # noqa: S105 - opens nothing but a simulator
    """The only bearer token that is let in; empty: any."""
    access_token_lasts: float | None = None
    """The token opens nothing so long after the start; unset: it never expires, as a system user's may."""
    verify_token: str = "simulator-verify-token"  # noqa: S105 - opens nothing but a simulator
    """Sent in the verification handshake."""
    payments_key: str = "simulator-payments-key"
    """Signs the payment links that the checkout reads."""
    payments_secret: str = "simulator-payments-secret"  # noqa: S105 - opens nothing but a simulator
    """Signs what the checkout reports."""
    verify_on_start: bool = True
    """Do the handshake when starting, and again until it is answered."""

    phone_number_id: str = "106540352240001"
    business_account_id: str = "102290129340001"
    display_phone_number: str = "5116402200"
    business_name: str = "Financiera Andes"
    console_url: str | None = None
    """Where the page's link to the console leads; unset: the host of `webhook_url`."""
    base_url: str | None = None
    """How others reach this simulator, for links to media; unset: as the last call addressed it."""

    sent_after: float = 0.15
    delivered_after: float = 0.6
    read_after: float | None = None
    """Debtors read by themselves so long after delivery; unset: when their chat is opened."""
    approved_after: float = 6.0
    """A new template is approved so long after it was submitted."""
    throughput: int = 80
    """Messages a second before 130429."""
    pair_limit: bool = True
    """Refuse with 131056 what goes to one person faster than one message in six seconds, after a burst of 45."""
    test_number: bool = False
    """Behave as an unverified test number does: only the dialable form of a number is on the allow-list (131030)."""
    wire_version: int = 25
    """The webhook version of the app: below 24, statuses carry `conversation`."""

    webhook_connections: int = 32
    webhook_timeout: float = 20.0
    retry_after: tuple[float, ...] = (0.25, 0.5, 1, 2, 3, 5)
    """Pauses before each repetition of a webhook not answered with 200; the last one stays."""
    retry_for: float = 7 * 86_400

    seed: int | None = None
    """Makes ids and chances repeat from run to run. A console that has seen a run takes the next for repetitions."""

    @property
    def console(self) -> str:
        """The address of the console."""
        if self.console_url:
            return self.console_url.rstrip("/")
        parts = urlsplit(self.webhook_url)
        return f"{parts.scheme}://{parts.netloc}"
