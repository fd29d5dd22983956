"""The errors of the Graph API, in Meta's shape and words."""

from __future__ import annotations

from integrations.simulator.payloads import Json

# Code: the HTTP status seen with it, and Meta's title for it. Projects should decide on the code alone.
KNOWN: dict[int, tuple[int, str]] = {
    4: (429, "Application request limit reached"),
    100: (400, "Invalid parameter"),
    104: (401, "An access token is required to request this resource"),
    190: (401, "Invalid OAuth access token"),
    200: (403, "Requires whatsapp_business_messaging or whatsapp_business_management permission"),
    2500: (400, "Unknown path components"),
    130403: (400, "Business has blocked this user"),
    130429: (429, "Rate limit hit"),
    131000: (500, "Something went wrong"),
    131008: (400, "Required parameter is missing"),
    131009: (400, "Parameter value is not valid"),
    131016: (503, "Service unavailable"),
    131021: (400, "Recipient cannot be sender"),
    131026: (400, "Message undeliverable"),
    131030: (400, "Recipient phone number not in allowed list"),
    131047: (400, "Re-engagement message"),
    131051: (400, "Unsupported message type"),
    131053: (400, "Media upload error"),
    131056: (429, "(Business Account, Consumer Account) pair rate limit hit"),
    131062: (400, "Business-scoped user id is not supported for this message"),
    132000: (400, "Number of parameters does not match the expected number of params"),
    132001: (404, "Template name does not exist in the translation"),
    132005: (400, "Translated text too long"),
    132012: (400, "Parameter format does not match format in the created template"),
    132015: (400, "Template is paused"),
    132016: (400, "Template is disabled"),
}
SUBCODES = {130429: 2494055}
TRANSIENT = {4, 130429, 131000, 131016, 131056}
# Of these Meta's message carries no "(#code)".
BARE = {4, 104, 190, 200, 2500}


class GraphError(Exception):
    """A call that is refused. `details` goes into `error_data`, except where Meta gives none."""

    def __init__(
        self, code: int, details: str | None = None, *, status: int | None = None, subcode: int | None = None
    ) -> None:
        self.code = code
        self.status, self.title = KNOWN.get(code, (400, "Invalid parameter"))
        self.status = status or self.status
        self.details = details
        self.subcode = subcode or SUBCODES.get(code)
        self.what: str | None = None
        """For the register, in Spanish: what was asked for."""
        super().__init__(f"{code}: {details or self.title}")

    def body(self, trace: str) -> Json:
        """The answer's body; `trace` is its `fbtrace_id`."""
        message = self.title if self.code in BARE else f"(#{self.code}) {self.title}"
        error: Json = {"message": message, "type": "OAuthException", "code": self.code}
        if self.details and self.code not in BARE:
            error["error_data"] = {"messaging_product": "whatsapp", "details": self.details}
        if self.subcode:
            error["error_subcode"] = self.subcode
        if self.code in TRANSIENT:
            error["is_transient"] = True
        error["fbtrace_id"] = trace
        return {"error": error}


def missing(name: str) -> GraphError:
    """A parameter that a message cannot do without is not there."""
    return GraphError(131008, f"The parameter {name} is required.")


def invalid(details: str) -> GraphError:
    """A parameter has a value that cannot be."""
    return GraphError(131009, details)


def too_long(name: str, limit: int) -> GraphError:
    """A text exceeds its limit."""
    return GraphError(100, f"Param {name} must be at most {limit} characters long.")


def no_such_object(node: str) -> GraphError:
    """Nothing has this id, or nothing that may be seen."""
    details = (
        f"Unsupported request. Object with ID '{node}' does not exist, cannot be loaded due to missing permissions, "
        "or does not support this operation."
    )
    return GraphError(100, details, subcode=33)
