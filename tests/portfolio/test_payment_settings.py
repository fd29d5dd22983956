"""A payment provider whose word nobody could check stops the start; without one there is simply no door."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest

from console import settings
from console.settings import UnsafeSettings
from tests.api.house import House, serving

WHOLE = {
    "ALDIA_SECRET_KEY": "x" * 32,
    "ALDIA_BASE_URL": "https://cobranza.example",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "2",
    "WHATSAPP_ACCESS_TOKEN": "t",
    "WHATSAPP_APP_SECRET": "s",
    "WHATSAPP_VERIFY_TOKEN": "v",
    "PAYMENTS_PROVIDER": "stripe",
    "PAYMENTS_API_KEY": "sk_live_x",
    "PAYMENTS_WEBHOOK_SECRET": "whsec_0123456789abcdef",
}


def load(**changed: str) -> settings.Settings:
    return settings.load({**WHOLE, **changed}, dotenv=Path("/nonexistent/.env"))


def test_a_whole_configuration_starts() -> None:
    assert load().payment_secrets == ("whsec_0123456789abcdef",)
    rolled = load(PAYMENTS_WEBHOOK_SECRET_PREVIOUS="whsec_the_former_one")
    assert rolled.payment_secrets == ("whsec_0123456789abcdef", "whsec_the_former_one")


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"PAYMENTS_WEBHOOK_SECRET": ""}, "PAYMENTS_WEBHOOK_SECRET"),
        ({"PAYMENTS_WEBHOOK_SECRET": "   "}, "PAYMENTS_WEBHOOK_SECRET"),
        ({"PAYMENTS_WEBHOOK_SECRET": "short"}, "PAYMENTS_WEBHOOK_SECRET"),
        ({"PAYMENTS_API_KEY": ""}, "PAYMENTS_API_KEY"),
        ({"PAYMENTS_API_KEY": "two words"}, "PAYMENTS_API_KEY"),
        ({"PAYMENTS_PROVIDER": "paypal"}, "PAYMENTS_PROVIDER"),
        ({"PAYMENTS_API_URL": "http://api.stripe.example"}, "PAYMENTS_API_URL"),
        ({"PAYMENTS_PROVIDER": "signed"}, "PAYMENTS_API_URL"),
    ],
)
def test_an_unsafe_one_does_not_and_says_which_variable(changed: dict[str, str], named: str) -> None:
    with pytest.raises(UnsafeSettings, match=named):
        load(**changed)


def test_no_provider_is_fine() -> None:
    assert load(PAYMENTS_PROVIDER="", PAYMENTS_WEBHOOK_SECRET="", PAYMENTS_API_KEY="").payments_provider is None


async def test_without_a_provider_there_is_no_door(sqlite_database_url: str) -> None:
    async with serving(sqlite_database_url) as house:
        assert [await _knock(house, name) for name in ("stripe", "mercadopago", "signed")] == [404, 404, 404]


async def _knock(house: House, name: str) -> int:
    body: Any = b'{"id": "evt_1"}'
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(f"{house.url}/webhooks/payments/{name}", content=body)).status_code
