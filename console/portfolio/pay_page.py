"""The page a payment link opens, for anybody who holds it: an amount, a way to pay it, and nothing about who owes it.

Paid, taken back, past its end and unknown look the same: an old link tells nothing and charges nobody.
"""

from __future__ import annotations

import re
from typing import Any

from litestar import Request, Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock
from console.db import Database
from console.errors import Refused
from console.forms import html
from console.languages.words import Words
from console.portfolio import links
from console.portfolio.ledger import PaymentLink
from console.portfolio.models import Account
from console.render import page
from integrations.payments.told import Provider

_TOKEN = re.compile(r"[A-Za-z0-9_-]{20,32}", re.ASCII)
# For telephones and search engines: nobody keeps it, nobody lists it, and no other site learns where it is.
HEADERS = {"x-robots-tag": "noindex, nofollow", "referrer-policy": "no-referrer"}
MOST, WITHIN = 60, 60.0
"""Requests of one address in so many seconds."""
_REMEMBERED = 10_000


class Pace:
    """How often each address asked lately. In this process only: the tokens are what keeps strangers out."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[float, int]] = {}

    def check(self, address: str) -> None:
        """Count one request of `address`. Refuses 429 when there were too many."""
        now = clock.now().timestamp()
        began, count = self._seen.pop(address, (now, 0))
        if now - began >= WITHIN or now < began:
            began, count = now, 0
        # The newest last, so that the oldest are forgotten first.
        self._seen[address] = (began, count + 1)
        if len(self._seen) > _REMEMBERED:
            self._seen.pop(next(iter(self._seen)))
        if count >= MOST:
            said = Words("Demasiadas solicitudes. Espere un momento.")
            raise Refused(429, said, code="too_many_requests")


pace = Pace()


@get("/p/{token:str}")
async def pay_page(
    request: Request[Any, Any, Any], token: FromPath[str], db: NamedDependency[Database]
) -> Response[str]:
    """What to pay and where it leads, or that it leads nowhere any more."""
    link = await _payable(request, token, db)
    provider: Provider | None = request.app.state.console.payments
    is_back = request.query_params.get("volver") == "1"
    body = page(
        "portfolio/pay.html",
        link=link,
        # A checkout of the business's own has no name to the payer but the business's.
        provider=provider.title if provider is not None and provider.name != "signed" else "",
        is_back=is_back,
    )
    return html(body, headers=HEADERS)


@get("/p/{token:str}/ir", status_code=303)
async def go_and_pay(
    request: Request[Any, Any, Any], token: FromPath[str], db: NamedDependency[Database]
) -> Response[str]:
    """On to the provider, as long as the link can be paid; else back to the page that says it cannot."""
    link = await _payable(request, token, db)
    # What a stranger wrote into the address goes into no header.
    here = f"/p/{token}" if _TOKEN.fullmatch(token) else "/p/-"
    target = link.url if link is not None and link.url else here
    return html("", status=303, headers={**HEADERS, "location": target})


async def _payable(request: Request[Any, Any, Any], token: str, db: Database) -> PaymentLink | None:
    pace.check(request.client.host if request.client else "")
    if not _TOKEN.fullmatch(token) or request.app.state.console.payments is None:
        return None
    async with db.reading() as tx:
        found = (
            await tx.execute(
                select(PaymentLink, Account)
                .join(Account, Account.id == PaymentLink.account_id)
                .where(PaymentLink.token == token)
            )
        ).one_or_none()
    if found is None or not links.is_payable(found[0], found[1], clock.now()):
        return None
    link: PaymentLink = found[0]
    return link


routes = [pay_page, go_and_pay]
