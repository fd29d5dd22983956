"""Payment links for the bot: the same one while it lives, asked of the provider between two transactions."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import structlog

from console.bots import sessions
from console.bots.facts import LinkFact
from console.bots.turns import Pending
from console.db import Database
from console.errors import Refused
from console.portfolio import links
from console.portfolio.ledger import PaymentLink
from console.portfolio.links import LinkState
from console.settings import Settings
from integrations.payments.told import Declined, NoAnswer, Provider

log = structlog.get_logger()
PATIENCE = 3.0
"""Seconds that a debtor waits for the provider; asked again, it makes the same link."""


async def fetch_links(
    db: Database, settings: Settings, provider: Provider | None, waiting: Pending, wanted: Sequence[tuple[int, int]]
) -> tuple[LinkFact, ...]:
    """A link for each account and amount; one without an address where none could be made.

    Who waited for one in vain does not wait for the others: they come to none either.
    """
    found: list[LinkFact] = []
    for each in wanted:
        is_down = any(link.address is None for link in found)
        found.append(await _one(db, settings, None if is_down else provider, waiting, each))
    return tuple(found)


async def _one(
    db: Database, settings: Settings, provider: Provider | None, waiting: Pending, wanted: tuple[int, int]
) -> LinkFact:
    account_id, minor = wanted
    none = LinkFact(account_id=account_id, amount_minor=minor)
    if provider is None:
        return none
    async with db.transaction() as tx:
        by = sessions.actor_of(await sessions.the_bot(tx))
        try:
            link = await links.begin(
                tx, account_id, by=by, amount_minor=minor, provider=provider, conversation_id=waiting.conversation_id
            )
        except Refused as refused:
            # Paid or closed in between: the next look at the facts says so.
            log.info("bot.link_refused", account_id=account_id, code=refused.code)
            return none
    if link.state != LinkState.OPEN:
        asked = links.asked(link, company=settings.company, base_url=settings.base_url)
        try:
            async with asyncio.timeout(PATIENCE):
                made = await provider.create(asked, key=links.key_of(link))
        except (NoAnswer, Declined, TimeoutError) as failure:
            async with db.transaction() as tx:
                await links.failed(tx, link.id, str(failure) or "no respondió a tiempo", by=by)
            return none
        async with db.transaction() as tx:
            link = await links.opened(tx, link.id, made, by=by)
    return _fact(link, settings)


def _fact(link: PaymentLink, settings: Settings) -> LinkFact:
    return LinkFact(
        account_id=link.account_id,
        amount_minor=link.amount_minor,
        link_id=link.id,
        address=links.address(link, settings.base_url),
        until=link.expires_at,
    )
