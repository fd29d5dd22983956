"""What waits for its moment when the demo begins: templates that Rosa scheduled for the next days."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from typing import Any

import httpx
from sqlalchemy import select

from console import clock
from console.agents import Viewer
from console.db import Database, Tx
from console.inbox.channel import Channel, MessageTemplate
from console.inbox.models import Conversation
from console.inbox.templates_sync import TemplateSync
from console.portfolio.contact_hours import next_open
from console.portfolio.whereabouts import whereabouts
from console.scheduling import later
from console.scheduling.filling import House, Said
from console.scheduling.later import Terms
from console.settings import Settings
from integrations.whatsapp.client import WhatsApp

# Whom, which template, the words for its blanks, and in how many days.
LATER: tuple[tuple[str, str, str, dict[str, str], int], ...] = (
    (
        "andrea-lozano",
        "cuota_vencida",
        "es_MX",
        {"1": "{nombre}", "2": "{cuenta}", "3": "{cuota}", "4": "{vencimiento}"},
        1,
    ),
    ("julio-tapia-rojas", "retomar_conversacion", "es", {"1": "{nombre|cliente}"}, 3),
)
Find = Callable[[Tx, dict[str, Any], Viewer], Awaitable[Conversation]]


async def schedule(
    db: Database, settings: Settings, personas: Mapping[str, dict[str, Any]], *, by: Viewer, find: Find
) -> None:
    """Fetch the templates as the console would in a moment, and schedule; nothing where there are none."""
    async with db.reading() as tx:
        channel_id = (await tx.scalars(select(Channel.id))).one()
    async with httpx.AsyncClient(timeout=10, trust_env=False) as http:
        whatsapp = WhatsApp(
            http,
            base_url=settings.whatsapp_api_url,
            version=settings.whatsapp_api_version,
            phone_number_id=settings.whatsapp_phone_number_id,
            business_account_id=settings.whatsapp_business_account_id,
            token=settings.whatsapp_access_token,
        )
        if not await TemplateSync(db, whatsapp, channel_id).sync():
            return
    for persona, name, language, variables, days in LATER:
        async with db.transaction() as tx:
            conversation = await find(tx, personas[persona], by)
            wanted = select(MessageTemplate.id).where(
                MessageTemplate.name == name, MessageTemplate.language == language
            )
            zone, country = await whereabouts(tx, conversation, zone=settings.timezone, country=settings.country)
            at = next_open(clock.now() + timedelta(days=days), zone, country)
            await later.schedule(
                tx,
                conversation,
                by=by,
                said=Said(template_id=(await tx.scalars(wanted)).one(), variables=variables),
                terms=Terms(at=at),
                client_key=secrets.token_hex(8),
                house=House.of(settings),
            )
