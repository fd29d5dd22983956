"""`/simulator/api/personas`: being any of the debtors."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, delete, get, patch, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.exceptions import ClientException, NotFoundException
from litestar.params import FromPath

from integrations.simulator import debtor, inbound, statuses
from integrations.simulator.control import given, thread_of
from integrations.simulator.graph_media import store
from integrations.simulator.payloads import Json
from integrations.simulator.people import invent
from integrations.simulator.samples import SAMPLES, Sample, fitting
from integrations.simulator.simulation import Simulation, brief
from integrations.simulator.world import Medium, Message, Thread

Sim = NamedDependency[Simulation]
Call = Request[Any, Any, Any]
Words = Annotated[str, msgspec.Meta(max_length=65_536)]
FileKind = Literal["image", "audio", "video", "document", "sticker"]
API_VIEWER = "api"


class NewPersona(msgspec.Struct, forbid_unknown_fields=True):
    """Who to invent; what is left out is made up."""

    name: str | None = None
    country: str = "PE"
    situation: str | None = None
    wa_id: str | None = None
    username: str | None = None


class Change(msgspec.Struct, forbid_unknown_fields=True):
    """What may be changed of a person."""

    name: str | None = None
    profile_name: str | None = None
    situation: str | None = None
    online: bool | None = None
    blocks_business: bool | None = None
    on_whatsapp: bool | None = None


class Writing(msgspec.Struct, forbid_unknown_fields=True):
    """A message to send from a phone. `content` gives a type's own member as on the wire, for any type."""

    type: str = "text"
    text: Words | None = None
    reply_to: str | None = None
    forwarded: int = 0
    at: float | None = None
    """Seconds since 1970, for what was written earlier."""
    latitude: float = -12.0464
    longitude: float = -77.0428
    name: str | None = None
    address: str | None = None
    content: Json | None = None


class Target(msgspec.Struct, forbid_unknown_fields=True):
    """A message of the chat, and what to do to it."""

    message_id: str
    index: int = 0
    emoji: str = "👍"
    text: Words = ""


class Number(msgspec.Struct, forbid_unknown_fields=True):
    """The new number, digits only; left out: any."""

    wa_id: str | None = None


class Chat(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a viewer looks at a chat."""

    open: bool = True
    viewer: str = API_VIEWER


class Preference(msgspec.Struct, forbid_unknown_fields=True):
    """Of marketing messages."""

    value: Literal["stop", "resume"] = "stop"


@get("/personas")
async def personas(sim: Sim) -> Json:
    """Everybody, with how their chat stands."""
    return {"personas": [brief(thread, sim.now()) for thread in sim.world.threads.values()]}


@post("/personas")
async def new_persona(request: Call, sim: Sim) -> Json:
    """Invent somebody."""
    asked = await given(request, NewPersona)
    persona = invent(sim.chance, sim.ids, country=asked.country.upper(), name=asked.name)
    persona.situation = asked.situation or persona.situation
    persona.username = asked.username
    if asked.wa_id:
        if not asked.wa_id.isdigit() or sim.world.thread_of(asked.wa_id):
            raise inbound.ImpossibleError("Ese número no sirve, o ya es de otra persona.")
        persona.wa_id = asked.wa_id
    thread = sim.world.welcome(persona)
    sim.show_persona(thread)
    return brief(thread, sim.now())


@get("/personas/{persona:str}")
async def one_persona(sim: Sim, persona: FromPath[str]) -> Json:
    """One person."""
    return brief(thread_of(sim, persona), sim.now())


@patch("/personas/{persona:str}")
async def change_persona(request: Call, sim: Sim, persona: FromPath[str]) -> Json:
    """Take the phone on or off the network, block, rename, leave WhatsApp."""
    thread, change = thread_of(sim, persona), await given(request, Change)
    person = thread.persona
    for name in ("name", "profile_name", "situation", "on_whatsapp"):
        if getattr(change, name) is not None:
            setattr(person, name, getattr(change, name))
    if change.blocks_business is not None:
        debtor.set_blocking(sim, thread, blocks=change.blocks_business)
    if change.online is not None:
        debtor.set_online(sim, thread, online=change.online)
    sim.show_persona(thread)
    return brief(thread, sim.now())


@delete("/personas/{persona:str}", status_code=200)
async def remove_persona(sim: Sim, persona: FromPath[str]) -> Json:
    """Take somebody invented away."""
    thread = thread_of(sim, persona)
    if not thread.persona.invented:
        raise inbound.ImpossibleError("Es parte de la demostración: solo se quitan las personas nuevas.")
    sim.world.dismiss(thread.persona.id)
    sim.hub.tell("resync", {})
    return {"removed": thread.persona.id}


@post("/personas/{persona:str}/messages")
async def write(request: Call, sim: Sim, persona: FromPath[str]) -> Message:
    """Send a message of any type from a phone."""
    thread, writing = thread_of(sim, persona), await given(request, Writing)
    return inbound.write(sim, thread, _draft(writing))


@post("/personas/{persona:str}/{verb:str}")
async def act(request: Call, sim: Sim, persona: FromPath[str], verb: FromPath[str]) -> Json:
    """Everything else one does on a phone; see the module `debtor`."""
    thread = thread_of(sim, persona)
    if verb in SAMPLES or verb == "files":
        return _shown(await _send_file(request, sim, thread, verb))
    if verb in TREATMENTS:
        return _shown(TREATMENTS[verb](sim, thread, await given(request, Target)))
    if verb == "read":
        return {"read": statuses.read_all(sim, thread)}
    if verb == "chat":
        return {"read": _look(sim, thread, await given(request, Chat))}
    if verb == "number":
        debtor.change_number(sim, thread, (await given(request, Number)).wa_id)
    elif verb == "preferences":
        debtor.prefer(sim, thread, (await given(request, Preference)).value)
    elif verb in SWITCHES:
        SWITCHES[verb](sim, thread)
    else:
        raise NotFoundException(detail=f"En el teléfono no hay {verb!r}.")
    return brief(thread, sim.now())


def _draft(writing: Writing) -> inbound.Draft:
    if writing.content is not None:
        content = {writing.type: writing.content} if writing.type not in writing.content else writing.content
    elif writing.type == "text":
        if not writing.text:
            raise ClientException(detail="Falta `text`.")
        content = {"text": {"body": writing.text}}
    elif writing.type == "location":
        named = {name: value for name in ("name", "address") if (value := getattr(writing, name))}
        content = {"location": {"latitude": writing.latitude, "longitude": writing.longitude, **named}}
    elif writing.type == "contacts":
        card = {"name": {"formatted_name": writing.name or "Taller Mecánico Rojas"}, "origin": "other"}
        phones = [{"phone": "+51 987 650 143", "wa_id": "51987650143", "type": "CELL"}]
        content = {"contacts": [{**card, "phones": phones}]}
    else:
        raise ClientException(detail=f"Para {writing.type!r} hace falta `content`.")
    return inbound.Draft(
        kind=writing.type,
        content=content,
        text=writing.text or writing.name,
        reply_to=writing.reply_to,
        forwarded=writing.forwarded,
        at=writing.at,
    )


async def _send_file(request: Call, sim: Simulation, thread: Thread, kind: str) -> Message:
    fields, sample = await _file(request, kind)
    medium = _kept(sim, sample)
    draft = inbound.file(
        sim,
        sample.kind,
        medium,
        caption=fields.get("caption") or None,
        voice=sample.voice,
        reply_to=fields.get("reply_to") or None,
    )
    return inbound.write(sim, thread, draft)


async def _file(request: Call, kind: str) -> tuple[dict[str, str], Sample]:
    if request.content_type[0] == "multipart/form-data":
        form = await request.form()
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        upload = form.get("file")
        if isinstance(upload, UploadFile):
            return fields, fitting(await upload.read(), upload.content_type, upload.filename, SAMPLES.get(kind))
    else:
        fields = await given(request, dict[str, str])
    if kind not in SAMPLES:
        raise ClientException(detail="Falta el archivo (`file`).")
    return fields, SAMPLES[kind]


def _kept(sim: Simulation, sample: Sample) -> Medium:
    return store(sim, sample.data, sample.mime_type, filename=sample.filename, uploaded=False)


def _look(sim: Simulation, thread: Thread, chat: Chat) -> int:
    if not chat.open:
        thread.open_by.discard(chat.viewer)
        return 0
    if chat.viewer != API_VIEWER and chat.viewer not in sim.hub.viewers:
        raise ClientException(detail="No hay ninguna página abierta con ese nombre.")
    return debtor.open_chat(sim, thread, chat.viewer)


TREATMENTS: dict[str, Callable[[Simulation, Thread, Target], Message]] = {
    "tap": lambda sim, thread, target: debtor.tap(sim, thread, target.message_id, target.index),
    "react": lambda sim, thread, target: debtor.react(sim, thread, target.message_id, target.emoji),
    "edit": lambda sim, thread, target: debtor.edit(sim, thread, target.message_id, target.text),
    "listen": lambda sim, thread, target: debtor.listen(sim, thread, target.message_id),
    "delete": lambda sim, thread, target: debtor.revoke(sim, thread, target.message_id),
}
SWITCHES: dict[str, Callable[[Simulation, Thread], None]] = {
    "online": lambda sim, thread: debtor.set_online(sim, thread, online=True),
    "offline": lambda sim, thread: debtor.set_online(sim, thread, online=False),
    "block": lambda sim, thread: debtor.set_blocking(sim, thread, blocks=True),
    "unblock": lambda sim, thread: debtor.set_blocking(sim, thread, blocks=False),
}


def _shown(message: Message) -> Json:
    shown: Json = msgspec.to_builtins(message)
    return shown


DOORS = [personas, new_persona, one_persona, change_persona, remove_persona, write, act]
