"""Which provider is configured: by its name, with what it needs, or none at all."""

from __future__ import annotations

from collections.abc import Sequence

import httpx

from integrations.payments import mercadopago, stripe
from integrations.payments.mercadopago import MercadoPago
from integrations.payments.signed import Signed
from integrations.payments.stripe import Stripe
from integrations.payments.told import Provider

NAMES = ("mercadopago", "stripe", "signed")


def provider_of(
    http: httpx.AsyncClient,
    *,
    name: str,
    base_url: str | None,
    key: str,
    secrets: Sequence[str],
) -> Provider:
    """The provider called `name`; without an address, at its own. ValueError says in English what is missing."""
    if name == "mercadopago":
        return MercadoPago(http, base_url=base_url or mercadopago.BASE_URL, key=key, secrets=secrets)
    if name == "stripe":
        return Stripe(http, base_url=base_url or stripe.BASE_URL, key=key, secrets=secrets)
    if name == "signed" and base_url:
        return Signed(base_url=base_url, key=key, secrets=secrets)
    raise ValueError("no such payment provider, or a signed one without the address of its checkout")
