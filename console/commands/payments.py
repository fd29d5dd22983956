"""`aldia payments`: what the provider of payment links says, against what is booked."""

from __future__ import annotations

from datetime import timedelta

import click
import httpx

from console import clock, settings
from console.commands import Failed, database, run
from console.portfolio.reconcile import Found
from console.portfolio.reconcile import reconcile as look
from integrations.payments import choosing
from integrations.payments.told import Declined, NoAnswer


@click.group()
def payments() -> None:
    """The provider of payment links: reconcile."""


@payments.command()
@click.option("--days", type=click.IntRange(1, 30), default=3, show_default=True, help="How far back to look.")
def reconcile(days: int) -> None:
    """Ask the provider what happened, and book what never arrived. Safe to repeat."""
    found = run(_reconcile(days))
    click.echo(f"{found.seen} avisos del proveedor; {found.gaps} que faltaban.")


async def _reconcile(days: int) -> Found:
    of = settings.load()
    if of.payments_provider is None:
        raise Failed("No hay proveedor de pagos: defina PAYMENTS_PROVIDER.")
    until = clock.now()
    async with httpx.AsyncClient(trust_env=False, follow_redirects=False) as http, database(of) as db:
        provider = choosing.provider_of(
            http,
            name=of.payments_provider,
            base_url=of.payments_api_url,
            key=of.payments_api_key,
            secrets=of.payment_secrets,
        )
        try:
            return await look(db, provider, since=until - timedelta(days=days), until=until)
        except (NoAnswer, Declined) as failure:
            raise Failed(f"{provider.title} no respondió ({failure}): vuelva a intentarlo.") from failure
