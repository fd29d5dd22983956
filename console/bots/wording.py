"""The texts in force: the files', or what the business put in their place, each version kept."""

from __future__ import annotations

from sqlalchemy import func, select

from console import audit, clock
from console.agents import Viewer
from console.bots import texts
from console.bots.models import BotText
from console.bots.texts import Texts
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words

_LATEST = select(BotText.key, func.max(BotText.version).label("version")).group_by(BotText.key)


async def texts_in_force(tx: Tx, *, tone: str, country: str) -> Texts:
    """What the bot says in this tone and country now."""
    country = texts.known(country)
    here = (BotText.tone == tone, BotText.country == country)
    latest = _LATEST.where(*here).subquery()
    rows = await tx.execute(
        select(BotText.key, BotText.version, BotText.body)
        .join(latest, (latest.c.key == BotText.key) & (latest.c.version == BotText.version))
        .where(*here)
    )
    return texts.texts_of(tone, country, {key: (version, body) for key, version, body in rows})


async def versions_of(tx: Tx, key: str, *, tone: str, country: str) -> list[BotText]:
    """What stood in the place of a text, the newest first."""
    wanted = select(BotText).where(BotText.key == key, BotText.tone == tone, BotText.country == country)
    return list(await tx.scalars(wanted.order_by(BotText.version.desc())))


async def put(tx: Tx, key: str, *, tone: str, country: str, body: str | None, by: Viewer) -> BotText:
    """Let `body` be what the bot says; None gives the file's text back. Announces bot.text_changed.

    Refuses: 422 naming the field for a text, a tone or a country that is none, a variable that does not exist there,
    or words that are too long; 409 "version_conflict" when somebody else wrote at the same moment.
    """
    if tone not in texts.TONES:
        raise Refused(422, Words("Elija un tono."), code="invalid", field="tone")
    if country not in texts.COUNTRIES:
        raise Refused(422, Words("Elija un país."), code="invalid", field="country")
    if body is not None:
        body = body.replace("\r\n", "\n").strip()
    if body is not None and (problem := texts.problem_of(key, body)):
        raise Refused(422, problem, code="invalid", field="body")
    newest = await tx.scalar(
        select(func.max(BotText.version)).where(BotText.key == key, BotText.tone == tone, BotText.country == country)
    )
    row = BotText(key=key, country=country, tone=tone, version=(newest or 0) + 1, body=body)
    row.made_by_id, row.made_at = by.id, clock.now()
    tx.add(row)
    await tx.flush()
    told = {"key": key, "tone": tone, "country": country, "version": row.version, "of_file": body is None}
    audit.record(tx, by.actor, "bot.text_changed", subject=f"bot_text:{row.id}", new=told)
    return row
