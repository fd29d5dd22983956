"""Trying the bot out: it talks as it would with a debtor at any time, and nothing is sent, kept or done."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console.bots import composing, gathering, hearing
from console.bots.decision import Confirmed, Decision
from console.bots.dialogue import decide
from console.bots.facts import Facts, LinkFact
from console.bots.gathering import Place
from console.bots.memory import NOTHING, Bubble, Memory, read, written
from console.bots.models import BotRules
from console.bots.texts import Texts
from console.bots.understand import Understood
from console.db import Tx
from console.errors import not_found
from console.portfolio.links import LIVES
from console.portfolio.models import Debtor
from console.portfolio.plans import limits_of
from console.portfolio.standing import rules_in_force


class Rehearsed(msgspec.Struct, frozen=True, kw_only=True):
    """What it would have done. `memory` and `proved_id` are for the next message of the same rehearsal."""

    intents: list[tuple[str, float]]
    rules: list[str]
    action: str
    asked: str | None
    text: str | None
    choices: list[tuple[str, str]]
    texts: list[tuple[str, str]]
    deeds: list[dict[str, Any]]
    is_unclear: bool
    memory: dict[str, Any]
    proved_id: int | None
    took_ms: int


async def rehearse(
    tx: Tx,
    debtor_id: int | None,
    texts_said: Sequence[str],
    *,
    place: Place,
    rules: BotRules,
    texts: Texts,
    moment: datetime,
    memory: dict[str, Any] | None = None,
    proved_id: int | None = None,
    choice: str | None = None,
    done: Sequence[Mapping[str, Any]] = (),
) -> Rehearsed:
    """Let the debtor (None: a number nobody knows) say these bubbles at `moment`; `choice` is a button they tapped.

    `done` are the deeds of the rehearsal so far: what they would have changed counts as changed. Reads only.
    Refuses 404 for a debtor that is none.
    """
    began = time.perf_counter()
    bubbles = [Bubble(-1 - at, at + 1, "text", moment, text, choice) for at, text in enumerate(texts_said)]
    heard = hearing.hear(bubbles)
    facts = await _facts(tx, debtor_id, place=place, rules=rules, texts=texts, moment=moment, proved_id=proved_id)
    facts = _as_if_done(facts, done)
    kept = read(memory) if memory else Memory()
    if heard is None:
        return _of(Decision("stay_silent", kept), None, NOTHING, proved_id, began)
    decision = decide(kept, heard, facts)
    if decision.links:
        made = tuple(_a_link(account_id, minor, moment) for account_id, minor in decision.links)
        decision = decide(kept, heard, msgspec.structs.replace(facts, links=made))
    composed = None
    if decision.reply is not None:
        composed = composing.compose(decision.reply, texts, company=place.company, results={"numero": "—"})
    proved = next((deed.debtor_id for deed in decision.deeds if isinstance(deed, Confirmed)), proved_id)
    return _of(decision, composed, heard.understood, proved, began)


def _of(
    decision: Decision,
    composed: composing.Composed | None,
    understood: Understood,
    proved_id: int | None,
    began: float,
) -> Rehearsed:
    offered = (composed.interactive or {}) if composed else {}
    rows = offered.get("buttons") or offered.get("rows") or []
    return Rehearsed(
        intents=[(intent.label, intent.score) for intent in understood.intents],
        rules=list(understood.rules),
        action=decision.action,
        asked=decision.memory.asking,
        text=composed.text if composed else None,
        choices=[(row["id"], row["title"]) for row in rows],
        texts=list(composed.texts) if composed else [],
        deeds=[msgspec.to_builtins(deed) for deed in decision.deeds],
        is_unclear=decision.is_unclear,
        memory=written(decision.memory),
        proved_id=proved_id,
        took_ms=round((time.perf_counter() - began) * 1000),
    )


def _as_if_done(facts: Facts, done: Sequence[Mapping[str, Any]]) -> Facts:
    """The facts as those deeds would have left them."""
    kinds = {deed["deed"] for deed in done}
    contested = {number for deed in done if deed["deed"] == "disputed" for number in deed["account_ids"]}
    people = tuple(
        msgspec.structs.replace(
            person,
            accounts=tuple(
                msgspec.structs.replace(each, is_disputed=True) if each.id in contested else each
                for each in person.accounts
            ),
        )
        for person in facts.people
    )
    return msgspec.structs.replace(
        facts,
        people=() if "wrong_number" in kinds else people,
        opted_out=facts.opted_out or "opted_out" in kinds,
        wrong_number=facts.wrong_number or "wrong_number" in kinds,
    )


async def _facts(
    tx: Tx,
    debtor_id: int | None,
    *,
    place: Place,
    rules: BotRules,
    texts: Texts,
    moment: datetime,
    proved_id: int | None,
) -> Facts:
    debtor = await tx.get(Debtor, debtor_id) if debtor_id is not None else None
    if debtor is None and debtor_id is not None:
        raise not_found()
    portfolio = await rules_in_force(tx)
    people = await gathering.people_of(tx, [debtor] if debtor else [], {}, rules=rules, moment=moment)
    return Facts(
        moment=moment,
        zone=ZoneInfo(debtor.timezone) if debtor else place.zone,
        country=debtor.country if debtor else place.country,
        company=place.company,
        currency=place.currency,
        questions=tuple(rules.questions),
        tries=rules.tries,
        people=people,
        proved_id=proved_id,
        is_open=place.is_open,
        opens_at=place.opens_at,
        hours=place.hours,
        methods=rules.methods or "",
        helpline=(rules.helpline or "") if texts.country == place.country else "",
        can_link=place.can_link,
        limits=limits_of(portfolio),
        promise_within_days=portfolio.promise_within_days,
    )


def _a_link(account_id: int, minor: int, moment: datetime) -> LinkFact:
    """A link as it would look; it leads nowhere."""
    return LinkFact(
        account_id=account_id, amount_minor=minor, link_id=0, address="(enlace de prueba)", until=moment + LIVES
    )
