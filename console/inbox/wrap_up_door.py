"""Resolving over HTTP: the picker of dispositions, what the picked one asks, and wrapping up."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock, money
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused
from console.forms import html, read_form, whole
from console.inbox import headers, queries, tree, wrap_up
from console.inbox.models import Conversation, Message
from console.inbox.stop_words import suggests
from console.inbox.tree import Node
from console.inbox.wrap_up import Details
from console.languages.words import Words
from console.portfolio.agreed import CATEGORIES, Debt, agreed_of, debts_of, unpaid_of
from console.portfolio.promise_door import amount_in, day_in, heard_from, marked, name_of, number
from console.render import fragment
from console.settings import Settings

_LOCAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d", re.ASCII)
# Asked for only when it is not there already, or may be told.
_STEP = "detailed"


@get("/inbox/{conversation_id:int}/resolution")
async def resolution_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The picker: type to narrow it, Enter to take the first."""
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        return html(await _picker(tx, conversation))


@post("/inbox/{conversation_id:int}/resolution", status_code=200)
async def resolution(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    settings: NamedDependency[Settings],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Resolve as picked. What the pick needs and nobody has said is asked first; nothing has changed then.

    Refused when something came in since the page showed it.
    """
    form = await read_form(request)
    version = whole(form["version"], "version") if form.get("version") else None
    code = form.get("disposition", "")
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        leaf = await tree.leaf(tx, code)
        debts = await debts_of(tx, conversation, clock.now())
        debt = next((one for one in debts if str(one.account_id) == form.get("account_id", "")), None)
        debt = debt or (debts[0] if debts else None)
        asks = not await wrap_up.is_met(tx, leaf, debt) or await wrap_up.may_ask_reason(tx, leaf, debt)
        if asks and form.get(_STEP) != "1" and (debt is not None or leaf.needs in {None, "callback", "amount", "date"}):
            return html(await _details(tx, conversation, leaf, debt, form=form))
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            details = _read(form, debt, settings.zone)
            await wrap_up.wrap_up(tx, conversation, by=viewer, disposition=code, details=details, version=version)
    except Refused as refused:
        if refused.status != 422 or form.get(_STEP) != "1":
            raise
        async with db.reading() as tx:
            again = await _details(tx, conversation, leaf, debt, form=form, problem=refused)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        header = await headers.header_of(tx, viewer, conversation.id, clock.now())
    return html(fragment("inbox/_header.html", header=header))


async def _picker(tx: Tx, conversation: Conversation) -> str:
    agreed = await agreed_of(tx, conversation, clock.now())
    leaves = await tree.leaves(tx)
    first = _likely(await _last_said(tx, conversation), has_debt=bool(agreed.debts), has_promise=bool(agreed.open))
    leaves.sort(key=lambda leaf: first.index(leaf.code) if leaf.code in first else len(first))
    return fragment(
        "inbox/resolution.html",
        conversation_id=conversation.id,
        version=conversation.version,
        leaves=leaves,
        groups=tree.GROUPS,
        likely=len([leaf for leaf in leaves if leaf.code in first]),
    )


def _likely(message: Message | None, *, has_debt: bool, has_promise: bool) -> list[str]:
    """What it probably was, so that the commonest ending is one key away."""
    asked = suggests(message.text) if message else None
    if asked == "wrong_number":
        return ["NC-EQV"]
    if asked == "opt_out":
        return ["CD-BAJA"]
    if not has_debt:
        return ["AD-NOCOB", "CD-CON"]
    return ["CD-PDP", "CD-PCOM", "CD-CON"] if has_promise else ["CD-PCOM", "CD-PDP", "CD-CON"]


async def _details(
    tx: Tx,
    conversation: Conversation,
    leaf: Node,
    debt: Debt | None,
    *,
    form: dict[str, str],
    problem: Refused | None = None,
) -> str:
    message = await _last_said(tx, conversation)
    heard = heard_from(message, debt) if debt is not None and leaf.needs == "promise" else None
    typed = {name: form.get(name, "") for name in ("amount", "due_on", "callback_at", "words", "reason", "note")}
    typed["category"] = form.get("category") or wrap_up.CATEGORY.get(leaf.code, "other")
    typed["invoice_id"] = form.get("invoice_id", "")
    if heard is not None and debt is not None and form.get(_STEP) != "1":
        typed["amount"] = money.as_text(heard.amount_minor, debt.currency) if heard.amount_minor else ""
        typed["due_on"] = heard.day.isoformat() if heard.day else ""
    return fragment(
        "inbox/resolution_details.html",
        conversation_id=conversation.id,
        version=form.get("version", ""),
        leaf=leaf,
        debt=debt,
        debts=await debts_of(tx, conversation, clock.now()),
        name=await name_of(tx, conversation),
        message=message if heard is not None else None,
        pieces=marked(message.text or "", heard) if message is not None and heard is not None else [],
        asks_reason=await wrap_up.may_ask_reason(tx, leaf, debt),
        needs=None if await wrap_up.is_met(tx, leaf, debt) else leaf.needs,
        invoices=await unpaid_of(tx, debt.account_id) if debt is not None and leaf.needs == "dispute" else [],
        categories=CATEGORIES,
        typed=typed,
        problem=problem,
    )


async def _last_said(tx: Tx, conversation: Conversation) -> Message | None:
    """What the person wrote last, in words."""
    wanted = select(Message).where(
        Message.conversation_id == conversation.id, Message.direction == "in", Message.text.is_not(None)
    )
    return (await tx.scalars(wanted.order_by(Message.sequence.desc()).limit(1))).one_or_none()


def _read(form: dict[str, str], debt: Debt | None, zone: ZoneInfo) -> Details:
    currency = debt.currency if debt else "PEN"
    at = form.get("callback_at", "")
    if at and not _LOCAL.fullmatch(at):
        raise Refused(422, Words("Elija un día y una hora."), code="invalid", field="callback_at")
    try:
        callback = datetime.fromisoformat(at).replace(tzinfo=debt.zone if debt else zone) if at else None
    except ValueError as odd:
        raise Refused(422, Words("Elija un día y una hora."), code="invalid", field="callback_at") from odd
    return Details(
        account_id=debt.account_id if debt else None,
        amount_minor=amount_in(form["amount"], currency, "amount") if form.get("amount") else None,
        due_on=day_in(form["due_on"], "due_on") if form.get("due_on") else None,
        callback_at=callback,
        category=form.get("category") or None,
        invoice_id=number(form.get("invoice_id"), "invoice_id"),
        words=form.get("words", ""),
        reason=form.get("reason", ""),
        note=form.get("note", ""),
        message_id=number(form.get("message_id"), "message_id"),
    )


routes = [resolution_form, resolution]
