"""Who else has a conversation open and who is writing in it: never stored, forgotten when nothing is heard."""

from __future__ import annotations

import asyncio
import time
from collections import defaultdict

import msgspec

from console.inbox.queries import initials
from console.inbox.screens import Screens
from console.inbox.views import PresentAgent
from console.live import Whisper
from console.render import fragment

# A browser says it is still there every 20 s; after this it is taken for gone, so that a crash leaves no ghosts.
LOOKING_LASTS = 60.0
WRITING_LASTS = 6.0


class Trace(msgspec.Struct):
    """When somebody was last heard of in a conversation."""

    name: str
    looked_at: float
    wrote_at: float = 0.0


class Presence:
    """Who is where, as far as this process has heard from its own screens and from the others."""

    def __init__(self, screens: Screens) -> None:
        self._screens = screens
        self._traces: defaultdict[int, dict[int, Trace]] = defaultdict(dict)

    def hear(self, whisper: Whisper) -> None:
        """Somebody looks, writes or leaves; show it to whoever has the conversation open here."""
        now = time.monotonic()
        here = self._traces[whisper.conversation_id]
        before = self.people(whisper.conversation_id)
        if whisper.doing == "gone":
            here.pop(whisper.agent_id, None)
        else:
            trace = here.setdefault(whisper.agent_id, Trace(whisper.name, now))
            trace.looked_at = now
            trace.wrote_at = now if whisper.doing == "writing" else 0.0
        if not here:
            del self._traces[whisper.conversation_id]
        if self.people(whisper.conversation_id) != before:
            self._show(whisper.conversation_id)

    def people(self, conversation_id: int) -> list[PresentAgent]:
        """Who is here now, by name."""
        now = time.monotonic()
        return [
            PresentAgent(
                agent_id=agent_id,
                name=trace.name,
                initials=initials(trace.name),
                typing=now - trace.wrote_at < WRITING_LASTS,
            )
            for agent_id, trace in sorted(self._traces.get(conversation_id, {}).items(), key=lambda one: one[1].name)
            if now - trace.looked_at < LOOKING_LASTS
        ]

    def _show(self, conversation_id: int) -> None:
        people = self.people(conversation_id)
        rendered: dict[str, str] = {}
        for screen in self._screens.by_open.get(conversation_id, ()):
            if screen.language not in rendered:
                rendered[screen.language] = fragment(
                    "inbox/_presence.html", reader=screen.language, conversation_id=conversation_id, people=people
                )
            screen.put(f"presence-{conversation_id}", rendered[screen.language])

    async def forget_for_ever(self) -> None:
        """Let traces fade: who stopped writing without saying so, and who is no longer heard of."""
        while True:
            await asyncio.sleep(2)
            now = time.monotonic()
            for conversation_id, here in list(self._traces.items()):
                faded = [a for a, t in here.items() if now - t.looked_at >= LOOKING_LASTS]
                stopped = [t for t in here.values() if t.wrote_at and now - t.wrote_at >= WRITING_LASTS]
                for agent_id in faded:
                    del here[agent_id]
                for trace in stopped:
                    trace.wrote_at = 0.0
                if faded or stopped:
                    self._show(conversation_id)
                if not here:
                    del self._traces[conversation_id]
