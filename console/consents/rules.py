"""What may be sent first to whom, as far as their consent goes. Pure.

Debts are collected under the contract: no consent is needed for that where the law asks for none (compliance, data
protection). Advertising always needs it (Peru's Ley 32323, and WhatsApp's own opt-in rule), and Colombia's Ley 2300
lets debts be collected only over a channel that the person authorised, as we take it where a country is not described.
"""

from __future__ import annotations

from console.consents.kinds import Standing
from console.errors import Refused
from console.languages.words import Words
from console.portfolio.contact_hours import is_described

MARKETING = "MARKETING"
"""Meta's category of a template that advertises."""
_ONLY_AUTHORISED_CHANNELS = frozenset({"CO"})


def needs_authorised_channel(country: str) -> bool:
    """Whether debts may be collected in `country` only over a channel that the person authorised."""
    return country in _ONLY_AUTHORISED_CHANNELS or not is_described(country)


def why_no_advertising(state: str | None, *, stopped: bool) -> Refused | None:
    """Why a template of the category MARKETING may not go out; `state` is their last word on it over WhatsApp."""
    if state == Standing.WITHDRAWN or stopped:
        text = Words("Pidió no recibir publicidad: esta plantilla es de publicidad y no se envía.")
        return Refused(409, text, code="marketing_stopped", field="template")
    if state != Standing.GIVEN:
        text = Words(
            "No consta que haya aceptado publicidad por WhatsApp. Registre su consentimiento o use otra plantilla."
        )
        return Refused(409, text, code="no_marketing_consent", field="template")
    return None


def why_no_first_word(state: str | None, country: str | None, *, is_reply: bool) -> Refused | None:
    """Why nobody may begin to collect over WhatsApp; `state` is their last word on it, `country` the debtor's.

    Who wrote to us within the window is answered. Who owes nothing on file is not asked for a debt.
    """
    if is_reply or country is None or state == Standing.GIVEN or not needs_authorised_channel(country):
        return None
    text = Words(
        "En su país solo se cobra por un canal que la persona autorizó, y no consta que haya autorizado WhatsApp."
    )
    return Refused(409, text, code="channel_consent", field="template")
