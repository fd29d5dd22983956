"""Many debtors at once: a rush of people, and a thousand messages in one POST."""

from __future__ import annotations

from collections.abc import Callable

from integrations.simulator.inbound import tell, text, write
from integrations.simulator.payloads import Json, message, messages_value
from integrations.simulator.people import invent
from integrations.simulator.simulation import Simulation
from integrations.simulator.world import Message, Thread


def rush(sim: Simulation, count: int, seconds: float) -> list[str]:
    """Let so many people write one message each within so many (simulated) seconds; returns who they are.

    People are invented where the cast is too small; they stay until the next reset.
    """
    able = [thread for thread in sim.world.threads.values() if _can_write(thread)]
    sim.chance.shuffle(able)
    while len(able) < count:
        able.append(
            sim.world.welcome(invent(sim.chance, sim.ids, country=sim.chance.choice(["PE", "MX", "CO", "CL", "AR"])))
        )
    writers = able[:count]
    for thread in writers:
        line = sim.chance.choice(thread.persona.lines or ["Hola"])
        sim.later(sim.chance.uniform(0, seconds), _writing(sim, thread, line))
    sim.hub.tell("resync", {})
    return [thread.persona.id for thread in writers]


def batch(sim: Simulation, count: int) -> int:
    """Send so many messages in one POST, as Meta may after an outage; returns how many it holds."""
    writers = [thread for thread in sim.world.threads.values() if _can_write(thread)]
    elements: list[Json] = []
    bubbles: list[Message] = []
    for place in range(count):
        thread = writers[place % len(writers)]
        person = thread.persona
        body = f"Mensaje {place + 1:,} de {count:,} del lote"
        bubble = Message(
            id=sim.ids.wamid(person.wa_id or person.user_id, inbound=True),
            mine=True,
            kind="text",
            at=sim.now() - (count - place) / 1000,
            status="sent",
            text=body,
            content={"text": {"body": body}},
        )
        sim.world.remember(thread, bubble)
        thread.last_inbound_at = max(thread.last_inbound_at or 0.0, bubble.at)
        elements.append(message(person, bubble.id, bubble.at, "text", bubble.content))
        bubbles.append(bubble)
    people = [thread.persona for thread in writers[:count]]
    value = messages_value(sim.settings, people, elements)
    tell(sim, writers[0], "messages", value, what=f"lote de {count:,} mensajes", bubbles=bubbles)
    sim.hub.tell("resync", {})
    return len(elements)


def _can_write(thread: Thread) -> bool:
    person = thread.persona
    return person.online and not person.blocks_business and person.on_whatsapp


def _writing(sim: Simulation, thread: Thread, line: str) -> Callable[[], None]:
    def do() -> None:
        if _can_write(thread):
            write(sim, thread, text(line))

    return do
