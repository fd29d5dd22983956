"""Promises over HTTP: the form a debtor's words fill in, noting, replacing and cancelling one."""

from __future__ import annotations

import re
import uuid
from datetime import date, timedelta
from typing import Any

import msgspec
from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from sqlalchemy import select

from console import clock, money
from console.agents import Viewer
from console.db import Database, Tx
from console.errors import Refused, not_found
from console.forms import html, read_form, whole
from console.inbox import policy, queries, reply
from console.inbox.contacts import Contact
from console.inbox.models import Conversation, Message
from console.languages.words import Words
from console.portfolio import promises, reminders, said
from console.portfolio.agreed import Debt, PromiseView, agreed_of, debt_of
from console.portfolio.agreements import Promise
from console.portfolio.standing import rules_in_force
from console.render import fragment, weekday
from console.render import money as shown

_ISO = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


class Typed(msgspec.Struct, kw_only=True):
    """What stands in the form, as text: pre-filled or typed."""

    amount: str = ""
    due_on: str = ""
    text: str | None = None
    above: bool = False
    remind: bool = True


@get("/inbox/{conversation_id:int}/promises/new")
async def new_promise(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """The form, filled in from what the debtor wrote: two keys from a message to a promise."""
    asked = request.query_params
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, number(asked.get("account"), "account"), clock.now())
        message = await said_in(tx, conversation, number(asked.get("message"), "message"))
        return await _form(tx, conversation, debt, message)


@post("/inbox/{conversation_id:int}/promises", status_code=201)
async def create_promise(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Note a promise, and with `send` tell the debtor so. A refusal gives the form back with the reason in it."""
    form = await read_form(request)
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
            await promises.make(
                tx,
                debt.account_id,
                by=viewer,
                amount_minor=amount_in(form.get("amount", ""), debt.currency, "amount"),
                due_on=day_in(form.get("due_on", ""), "due_on"),
                conversation_id=conversation.id,
                message_id=number(form.get("message_id"), "message_id"),
                above_balance=form.get("above") == "1",
                replaces=number(form.get("replaces"), "replaces"),
                remind=form.get("remind") == "1",
            )
            if form.get("send") == "1":
                key = f"promise:{form.get('client_key', '')[:40]}"
                await reply.reply(tx, conversation, by=viewer, text=form.get("text", ""), client_key=key)
    except Refused as refused:
        if refused.status == 404:
            raise
        return await _again(db, viewer, conversation_id, form, refused)
    return html("", status=201, headers={"x-done": "promise"})


@post("/inbox/{conversation_id:int}/promises/{promise_id:int}/reminder", status_code=200)
async def forgo_reminder(
    conversation_id: FromPath[int],
    promise_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Send no reminder of this promise."""
    async with db.transaction() as tx:
        await _theirs(tx, viewer, conversation_id, promise_id)
        await reminders.forgo(tx, promise_id, by=viewer)
    return html("")


@get("/inbox/{conversation_id:int}/promises/{promise_id:int}/cancellation")
async def cancellation_form(
    conversation_id: FromPath[int],
    promise_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks why."""
    async with db.reading() as tx:
        promise = await _theirs(tx, viewer, conversation_id, promise_id)
    return html(_cancelling(conversation_id, promise, problem=None, reason=""))


@post("/inbox/{conversation_id:int}/promises/{promise_id:int}/cancellation", status_code=200)
async def cancel_promise(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    promise_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Take a promise back, with a reason."""
    form = await read_form(request)
    reason = form.get("reason", "")
    async with db.reading() as tx:
        promise = await _theirs(tx, viewer, conversation_id, promise_id)
    try:
        async with db.transaction() as tx:
            await promises.cancel(tx, promise_id, by=viewer, reason=reason)
    except Refused as refused:
        again = _cancelling(conversation_id, promise, problem=refused.text, reason=reason)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("", headers={"x-done": "cancelled"})


def heard_from(message: Message | None, debt: Debt) -> said.Said:
    """What the message promises about this debt, in the debtor's zone and as their country speaks."""
    if message is None or not message.text:
        return said.Said()
    return said.read(
        message.text,
        moment=message.provider_at or message.created_at,
        zone=debt.zone,
        currency=debt.currency,
        overdue_minor=debt.overdue_minor,
        balance_minor=debt.balance_minor,
        country=debt.country,
    )


async def said_in(tx: Tx, conversation: Conversation, message_id: int | None) -> Message | None:
    """The message of that id, if the person of `conversation` wrote it here."""
    if message_id is None:
        return None
    message = await tx.get(Message, message_id)
    if message is None or message.conversation_id != conversation.id or message.direction != "in":
        raise not_found()
    return message


def amount_in(text: str, currency: str, field: str) -> int:
    """An amount as a person types it, in the smallest unit; Refused(422) naming the field."""
    if not text.strip():
        raise Refused(422, Words("Escriba un monto."), code="invalid", field=field)
    try:
        return money.read(text, currency)
    except money.BadAmount as bad:
        raise Refused(422, Words("{what}.", what=bad.args[0]), code="invalid", field=field) from bad


def day_in(text: str, field: str) -> date:
    """A day as forms send it, 2026-11-27; Refused(422) naming the field."""
    try:
        if _ISO.fullmatch(text):
            return date.fromisoformat(text)
    except ValueError:
        pass
    raise Refused(422, Words("Elija un día del calendario."), code="invalid", field=field)


async def _again(
    db: Database, viewer: Viewer, conversation_id: int, form: dict[str, str], refused: Refused
) -> Response[str]:
    """The form as it was sent, with why it was not accepted."""
    typed = Typed(
        amount=form.get("amount", ""),
        due_on=form.get("due_on", ""),
        text=form.get("text"),
        above=form.get("above") == "1",
        remind=form.get("remind") == "1",
    )
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        debt = await debt_of(tx, conversation, number(form.get("account_id"), "account_id"), clock.now())
        message = await said_in(tx, conversation, number(form.get("message_id"), "message_id"))
        return await _form(tx, conversation, debt, message, typed=typed, refused=refused)


async def _form(
    tx: Tx,
    conversation: Conversation,
    debt: Debt,
    message: Message | None,
    *,
    typed: Typed | None = None,
    refused: Refused | None = None,
) -> Response[str]:
    heard = heard_from(message, debt)
    if typed is None:
        amount = money.as_text(heard.amount_minor, debt.currency) if heard.amount_minor else ""
        typed = Typed(amount=amount, due_on=heard.day.isoformat() if heard.day else "")
    agreed = await agreed_of(tx, conversation, clock.now())
    rules = await rules_in_force(tx)
    to = await addressed_in(tx, conversation)
    page = fragment(
        "portfolio/promise_form.html",
        conversation_id=conversation.id,
        name=await name_of(tx, conversation),
        to=to,
        debts=agreed.debts,
        debt=debt,
        message=message,
        pieces=marked((message.text or "")[: said.LONGEST] if message else "", heard),
        heard=heard,
        typed=typed,
        open=next((each for each in agreed.open if each.account_id == debt.account_id), None),
        within=rules.promise_within_days,
        last_day=debt.today + timedelta(days=rules.promise_within_days),
        said_text=_confirmation(to, typed, debt),
        key=str(uuid.uuid4()),
        can_write=policy.window(conversation, clock.now()).is_open,
        problem=refused,
    )
    headers = {"x-refused": refused.code} if refused else None
    return html(page, status=refused.status if refused else 200, headers=headers)


def _confirmation(name: str, typed: Typed, debt: Debt) -> str:
    """What the debtor will read; its words wait for an amount and a day."""
    if not (typed.amount and _ISO.fullmatch(typed.due_on)):
        return ""
    try:
        minor = money.read(typed.amount, debt.currency)
        day = date.fromisoformat(typed.due_on)
    except (money.BadAmount, ValueError):
        return ""
    thanks = f"Gracias, {name}" if name else "Gracias"
    return f"{thanks}. Anoté {shown(minor, debt.currency)} para el {weekday(day)}. ¿Es correcto?"


async def addressed_in(tx: Tx, conversation: Conversation) -> str:
    """What the person of a conversation is called to their face; empty where no name is known."""
    return queries.addressed(await tx.get_one(Contact, conversation.contact_id))


async def name_of(tx: Tx, conversation: Conversation) -> str:
    """What screens call the person of a conversation."""
    contact = await tx.get_one(Contact, conversation.contact_id)
    return queries.contact_name(contact.name, contact.profile_name, contact.username, contact.wa_id)


def marked(text: str, heard: said.Said) -> list[tuple[str, bool]]:
    """The words, in pieces, with those that were understood marked."""
    pieces, at = [], 0
    for start, end in sorted(span for span in (heard.day_at, heard.amount_at) if span):
        if start >= at:
            pieces += [(text[at:start], False), (text[start:end], True)]
            at = end
    return [piece for piece in [*pieces, (text[at:], False)] if piece[0]]


def _cancelling(conversation_id: int, promise: PromiseView, *, problem: str | None, reason: str) -> str:
    return fragment(
        "portfolio/reason_form.html",
        title=Words("Anular la promesa"),
        words=Words("La promesa queda en el historial como anulada."),
        action=f"/inbox/{conversation_id}/promises/{promise.id}/cancellation",
        button=Words("Anular la promesa"),
        done=Words("Promesa anulada"),
        fields={},
        reason=reason,
        problem=problem,
    )


async def _theirs(tx: Tx, viewer: Viewer, conversation_id: int, promise_id: int) -> PromiseView:
    """A promise of the person of this conversation; Refused(404)."""
    conversation = await queries.open_conversation(tx, viewer, conversation_id)
    if promise_id <= queries.LARGEST_ID and (
        account_id := await tx.scalar(select(Promise.account_id).where(Promise.id == promise_id))
    ):
        await debt_of(tx, conversation, account_id, clock.now())
        agreed = await agreed_of(tx, conversation, clock.now())
        for each in (*agreed.open, *filter(None, [agreed.last])):
            if each.id == promise_id:
                return each
    raise not_found()


def number(text: str | None, field: str) -> int | None:
    """A field that may be left out; Refused(422) for what is no whole number."""
    return whole(text, field) if text else None


routes = [new_promise, create_promise, forgo_reminder, cancellation_form, cancel_promise]
