"""Meta's error codes: what each means and what to do about it.

Meanings after Meta's page "Cloud API error codes"; what to do is ours. Decide on `code` alone:
subcodes, titles and HTTP statuses come and go.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Action(StrEnum):
    """What the sender does next. The list is closed."""

    FAIL = "fail"  # terminal: show why, never resend by itself
    RETRY = "retry"  # certainly not accepted: back off and send again, `tries` times
    PAIR_BACKOFF = "pair_backoff"  # wait for this recipient only: 4^X seconds, X = 0, 1, 2…
    SLOW_NUMBER = "slow_number"  # slow down everything that leaves our number, then again
    PAUSE_CHANNEL = "pause_channel"  # nothing may leave until a person acts; `pause` says of what kind
    NEEDS_TEMPLATE = "needs_template"  # the service window is closed
    MARK_UNREACHABLE = "mark_unreachable"  # no WhatsApp at this number
    MARK_BLOCKED = "mark_blocked"  # we blocked this person
    MARKETING_OPT_OUT = "marketing_opt_out"  # the person stopped our marketing
    BLOCK_TEMPLATE = "block_template"  # this template may not be sent until its status changes
    LATER = "later"  # not now: hours or days, and not by an automatic retry
    UNKNOWN_OUTCOME = "unknown_outcome"  # may have been accepted: never resend by machine


class Pause(StrEnum):
    """Whose door to knock at when the channel is paused."""

    POLICY = "policy"
    TOKEN = "token"  # noqa: S105 - a kind of pause, not a secret
    CONFIGURATION = "configuration"
    PAYMENT = "payment"


class Verdict(Struct, frozen=True):
    """What an error means and what to do. `tries`: automatic resends at most; `wait`: seconds before the first."""

    action: Action
    meaning: str
    pause: Pause | None = None
    tries: int = 0
    wait: float = 0

    @property
    def retryable(self) -> bool:
        """Whether a machine may send again: only what was certainly not accepted."""
        return self.action in {Action.RETRY, Action.PAIR_BACKOFF, Action.SLOW_NUMBER}


def _fail(meaning: str) -> Verdict:
    return Verdict(Action.FAIL, meaning)


def _retry(meaning: str, tries: int = 5, wait: float = 2) -> Verdict:
    return Verdict(Action.RETRY, meaning, tries=tries, wait=wait)


def _slow(meaning: str, wait: float = 5) -> Verdict:
    return Verdict(Action.SLOW_NUMBER, meaning, tries=20, wait=wait)


def _pause(kind: Pause, meaning: str) -> Verdict:
    return Verdict(Action.PAUSE_CHANNEL, meaning, pause=kind)


def _later(meaning: str, wait: float) -> Verdict:
    return Verdict(Action.LATER, meaning, wait=wait)


def _block_template(meaning: str) -> Verdict:
    return Verdict(Action.BLOCK_TEMPLATE, meaning)


_HOUR = 3600.0
_DAY = 24 * _HOUR

VERDICTS: dict[int, Verdict] = {
    0: _pause(Pause.TOKEN, "the app user could not be authenticated"),
    1: _retry("invalid request or server error", tries=2),
    2: _retry("temporary outage or overload"),
    3: _pause(Pause.CONFIGURATION, "capability or permission missing"),
    4: _slow("the app's call limit is reached", wait=60),
    10: _pause(Pause.CONFIGURATION, "permission not granted, removed, or number not eligible"),
    17: _slow("the user's request limit is reached", wait=60),
    33: _pause(Pause.CONFIGURATION, "the business number was deleted or its id is wrong"),
    100: _fail("a parameter is invalid, misspelled or too long"),
    104: _pause(Pause.TOKEN, "no access token was supplied"),
    190: _pause(Pause.TOKEN, "the access token has expired or is invalid"),
    368: _pause(Pause.POLICY, "the account is blocked for policy violations"),
    613: _slow("calls to this API exceeded their rate", wait=30),
    803: _fail("the object asked for does not exist"),
    80007: _slow("the WhatsApp Business Account's rate limit is reached", wait=60),
    130403: Verdict(Action.MARK_BLOCKED, "the business has blocked this user"),
    130429: _slow("the number's throughput is reached"),
    130472: _fail("the user is part of a marketing experiment: not sent"),
    130497: _fail("the account may not message users in this country"),
    131000: _retry("unknown failure", tries=2, wait=5),
    131005: _pause(Pause.CONFIGURATION, "access denied"),
    131008: _fail("a required parameter is missing"),
    131009: _fail("a parameter's value is invalid, such as a BSUID of another portfolio or a retired one"),
    131014: _fail("the media link could not be fetched"),
    131016: _retry("a service is temporarily unavailable"),
    131021: _fail("sender and recipient are the same number"),
    131026: Verdict(Action.MARK_UNREACHABLE, "undeliverable: not on WhatsApp, an old version, or terms not accepted"),
    131030: _fail("the recipient is not on the test number's allow-list"),
    131031: _pause(Pause.POLICY, "the account is locked, or its data does not match"),
    131037: _pause(Pause.CONFIGURATION, "the number's display name is not approved"),
    131042: _pause(Pause.PAYMENT, "a payment or eligibility problem of the account"),
    131045: _pause(Pause.CONFIGURATION, "the number is not registered, or its certificate is wrong"),
    131047: Verdict(Action.NEEDS_TEMPLATE, "more than 24 hours since the customer's last message"),
    131048: _later("the number's spam rate limit is reached", wait=_DAY),
    131049: _later("held back to keep engagement healthy", wait=_DAY),
    131050: Verdict(Action.MARKETING_OPT_OUT, "the user stopped marketing messages from this business"),
    131051: _fail("this type of message is not supported"),
    131052: _fail("the customer's media could not be fetched"),
    131053: _retry("the media could not be uploaded or is of the wrong type", tries=1, wait=5),
    131055: _fail("this method is not allowed"),
    131056: Verdict(Action.PAIR_BACKOFF, "too many messages to this recipient", tries=8, wait=1),
    131057: _retry("the account is in maintenance or its throughput is being raised", wait=60),
    131059: _retry("the paging cursor has expired: start over", tries=1, wait=0),
    131060: _fail("the message is unavailable here; see it on the phone"),
    131062: _fail("a BSUID cannot receive this kind of message: a phone is needed"),
    131063: _fail("marketing templates are disabled on the Cloud API"),
    131064: _later("limited for templates in the wrong category", wait=_DAY),
    132000: _fail("the number of template parameters does not match"),
    132001: _block_template("the template does not exist in this language or is not approved"),
    132005: _fail("the filled template is too long"),
    132007: _block_template("the template's content violates a policy"),
    132008: _fail("a template parameter has the wrong format"),
    132012: _fail("a template parameter has the wrong format"),
    132015: _block_template("the template is paused for low quality"),
    132016: _block_template("the template was paused too often and is disabled"),
    132018: _fail("the template's parameters are not valid"),
    132068: _fail("the flow is blocked"),
    132069: _later("the flow is throttled: ten an hour", wait=_HOUR),
    133000: _fail("an earlier deregistration of the number is incomplete"),
    133004: _retry("the registration server is busy", wait=30),
    133005: _fail("the two-step verification PIN is wrong"),
    133006: _pause(Pause.CONFIGURATION, "the number must be verified before it is registered"),
    133008: _later("too many wrong PINs", wait=_DAY),
    133009: _later("PINs were tried too fast", wait=60),
    133010: _pause(Pause.CONFIGURATION, "the number is not registered"),
    133015: _later("the number was just deregistered", wait=300),
    133016: _later("the number was registered and deregistered too often", wait=3 * _DAY),
    134011: _fail("the terms of WhatsApp Payments are not accepted"),
    134100: _fail("only marketing templates are allowed here"),
    134101: _later("the template is still being synchronised", wait=600),
    134102: _fail("the template is not available here"),
    135000: _fail("an unknown error in the request's parameters"),
    137000: _fail("the recipient's identity key has changed"),
    2388024: _fail("a template of this name and language exists"),
    2494100: _retry("the number is in maintenance", wait=60),
    2593107: _fail("synchronisation was asked for too often"),
    2593108: _fail("synchronisation is asked for too late"),
}

# Codes that Meta gives by the hundred, for things this client does not do.
FAMILIES: tuple[tuple[range, Verdict], ...] = (
    (range(200, 300), _pause(Pause.CONFIGURATION, "a permission is missing or was removed")),
    (range(131200, 131300), _fail("a problem with groups")),
    (range(138000, 139000), _fail("a problem with calls")),
    (range(139000, 139100), _fail("a problem with flows")),
    (range(139100, 139110), _fail("a problem with the block list")),
    (range(147000, 147100), _fail("a problem with usernames")),
    (range(2388019, 2388300), _fail("the template or the number cannot be administered like this")),
)
