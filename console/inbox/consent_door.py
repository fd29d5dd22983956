"""Opt-outs and wrong numbers over HTTP: noting one, and lifting it with a reason."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from console.agents import Viewer
from console.db import Database
from console.errors import Refused
from console.forms import html, read_form
from console.inbox import consent, policy, queries
from console.languages.words import Words
from console.portfolio.promise_door import name_of, number
from console.render import fragment


@get("/inbox/{conversation_id:int}/consent/new")
async def consent_form(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks which of the two it is, and says what follows."""
    asked = request.query_params
    async with db.reading() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        name = await name_of(tx, conversation)
    form = fragment(
        "inbox/consent_form.html",
        conversation_id=conversation_id,
        name=name,
        message_id=number(asked.get("message"), "message"),
        chosen="wrong_number" if asked.get("kind") == "wrong_number" else "opt_out",
    )
    return html(form)


@post("/inbox/{conversation_id:int}/consent", status_code=200)
async def note(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """From now on nobody writes to them, but once to answer."""
    form = await read_form(request)
    message_id = number(form.get("message_id"), "message_id")
    async with db.transaction() as tx:
        conversation = await queries.open_conversation(tx, viewer, conversation_id)
        if form.get("kind") == "opt_out":
            await consent.opt_out(tx, conversation, by=viewer, message_id=message_id)
        elif form.get("kind") == "wrong_number":
            await consent.wrong_number(tx, conversation, by=viewer, message_id=message_id)
        else:
            raise Refused(422, Words("Elija cuál de las dos es."), code="invalid", field="kind")
    return html("")


@get("/inbox/{conversation_id:int}/consent/lift")
async def lift_form(
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """Asks why."""
    async with db.reading() as tx:
        await queries.open_conversation(tx, viewer, conversation_id)
    policy.require(viewer, "lift_opt_out")
    return html(_lifting(conversation_id, "", None))


@post("/inbox/{conversation_id:int}/consent/lift", status_code=200)
async def lift(
    request: Request[Any, Any, Any],
    conversation_id: FromPath[int],
    db: NamedDependency[Database],
    viewer: NamedDependency[Viewer],
) -> Response[str]:
    """They may be written to again."""
    form = await read_form(request)
    reason = form.get("reason", "")
    try:
        async with db.transaction() as tx:
            conversation = await queries.open_conversation(tx, viewer, conversation_id)
            await consent.lift(tx, conversation, by=viewer, reason=reason)
    except Refused as refused:
        if refused.status != 422:
            raise
        again = _lifting(conversation_id, reason, refused.text)
        return html(again, status=refused.status, headers={"x-refused": refused.code})
    return html("")


def _lifting(conversation_id: int, reason: str, problem: str | None) -> str:
    return fragment(
        "portfolio/reason_form.html",
        title=Words("Volver a escribirle"),
        words=Words("Queda en el historial quién lo levantó y por qué."),
        action=f"/inbox/{conversation_id}/consent/lift",
        button=Words("Levantar"),
        done=Words("Se le puede volver a escribir"),
        fields={},
        reason=reason,
        problem=problem,
    )


routes = [consent_form, note, lift_form, lift]
