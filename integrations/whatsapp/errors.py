"""How a call to WhatsApp can go wrong: refused, never left, or nobody knows; and what each error asks for."""

from __future__ import annotations

from integrations.whatsapp.codes import FAMILIES, VERDICTS, Action, Pause, Verdict

__all__ = [
    "Action",
    "CallFailed",
    "Invalid",
    "MediaGone",
    "MediaRefused",
    "MediaTooLarge",
    "NoAnswer",
    "NotSent",
    "Pause",
    "SendFailed",
    "SendUnknown",
    "Verdict",
    "WhatsAppError",
    "classify",
]

_NOTHING_CAME_BACK = Verdict(Action.UNKNOWN_OUTCOME, "no understandable answer: it may have been accepted")
_SERVER_ERROR = Verdict(Action.UNKNOWN_OUTCOME, "a server error that does not say whether it was accepted")
_THROTTLED = Verdict(Action.SLOW_NUMBER, "too many requests", tries=20, wait=5)
_UNAUTHORISED = Verdict(Action.PAUSE_CHANNEL, "not authorised", pause=Pause.TOKEN)
_TIMED_OUT = 408
_EXPLAIN_NOTHING = frozenset({1, 2, 131000})


def classify(code: int | None, http_status: int | None) -> Verdict:
    """What to do about error `code` that came with `http_status`; None where there was none.

    For an error in a `failed` status webhook pass no HTTP status: it failed, whatever the code.
    Without a code: 429 is throttling, 401 a token problem, another 4xx a refusal; anything else may have been
    accepted. Codes 1, 2 and 131000 ("unknown", "unexpected"), and codes nobody knows, are a refusal only with a
    4xx: with a 5xx whoever answered may have accepted before it failed.
    """
    if code is None:
        return _without_code(http_status)
    known = VERDICTS.get(code) or next((verdict for family, verdict in FAMILIES if code in family), None)
    server_error = http_status is not None and http_status >= 500
    if known is not None:
        return _SERVER_ERROR if server_error and code in _EXPLAIN_NOTHING else known
    if http_status == 429:
        return _THROTTLED
    return _SERVER_ERROR if server_error else Verdict(Action.FAIL, "an error this client does not know")


def _without_code(http_status: int | None) -> Verdict:
    if http_status == 429:
        return _THROTTLED
    if http_status == 401:
        return _UNAUTHORISED
    if http_status is not None and 400 <= http_status < 500 and http_status != _TIMED_OUT:
        return Verdict(Action.FAIL, "refused without a code")
    return _NOTHING_CAME_BACK


class WhatsAppError(Exception):
    """Anything this package raises. No message holds a token, a phone, a name or a text."""


class Invalid(WhatsAppError, ValueError):  # noqa: N818 an outcome
    """A request that would be refused, caught before any call. `field` as on the wire, `problem` in English."""

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class CallFailed(WhatsAppError):  # noqa: N818 an outcome
    """WhatsApp answered with an error: certainly refused, except where `verdict` says UNKNOWN_OUTCOME.

    `title` and `details` are Meta's English; `retry_after` seconds, when the answer asked for them;
    `answer` the first bytes of the answer, for the delivery's own record.
    """

    def __init__(
        self,
        code: int | None,
        http_status: int | None,
        *,
        title: str | None = None,
        details: str | None = None,
        retry_after: float | None = None,
        answer: bytes = b"",
    ) -> None:
        super().__init__(f"code {code}, HTTP {http_status}")
        self.code = code
        self.http_status = http_status
        self.title = title
        self.details = details
        self.retry_after = retry_after
        self.answer = answer
        self.verdict = classify(code, http_status)

    @property
    def retryable(self) -> bool:
        """Whether a machine may try again."""
        return self.verdict.retryable


class SendFailed(CallFailed):
    """A message was certainly not accepted; `verdict` says what to do."""


class NoAnswer(WhatsAppError):  # noqa: N818 an outcome
    """No understandable answer came. `reason` in English; `http_status` and first bytes when there was something."""

    def __init__(self, reason: str, *, http_status: int | None = None, answer: bytes = b"") -> None:
        super().__init__(reason)
        self.reason = reason
        self.http_status = http_status
        self.answer = answer


class NotSent(NoAnswer):
    """The connection failed before a byte of the request left: certainly not accepted, safe to send again."""


class SendUnknown(NoAnswer):
    """The request left and no answer settles it: the customer may have the message. Never resend by machine."""


class MediaGone(WhatsAppError):  # noqa: N818 an outcome
    """The media object does not exist any more (ids of webhooks live 7 days) or never did."""


class MediaTooLarge(WhatsAppError):  # noqa: N818 an outcome
    """The download passed the limit and was cut off; nothing was kept."""


class MediaRefused(WhatsAppError):  # noqa: N818 an outcome
    """The address of a media object is none that the token may travel to."""
