"""The WhatsApp Cloud API as one typed client: send, read receipts, media, templates, number, profile, block list."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import httpx

from integrations.whatsapp import account, limits, media, resumable, templates
from integrations.whatsapp.account import BlockOutcome, HistoryEvent, Number, Profile, ProfileChanges, TokenFacts
from integrations.whatsapp.errors import Invalid, NoAnswer, SendUnknown
from integrations.whatsapp.graph import TOTAL, Graph
from integrations.whatsapp.hosts import is_api
from integrations.whatsapp.media import Download, MediaInfo
from integrations.whatsapp.message_kinds import Tree
from integrations.whatsapp.outgoing import Accepted, Outgoing, Recipient, accepted, request
from integrations.whatsapp.template_drafts import Submitted, TemplateDraft, submitted
from integrations.whatsapp.templates import MessageTemplate

_VERSION = re.compile(r"v\d{1,3}\.\d{1,2}", re.ASCII)
_ID = re.compile(r"[A-Za-z0-9_]{1,64}", re.ASCII)
_MOST_PAGES = 200


class WhatsApp:
    """One business number. Coroutine-safe; owns nothing: `http` is the caller's to open and close.

    Calls raise Invalid (before anything leaves), CallFailed (WhatsApp said no, see `.verdict`) or NoAnswer;
    `send` alone raises SendFailed, NotSent and SendUnknown. Nothing is retried here and nothing is logged.
    `total` bounds each call in seconds (media have their own bound). httpx itself logs addresses at INFO.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        *,
        base_url: str,
        version: str,
        phone_number_id: str,
        business_account_id: str,
        token: str,
        app_id: str | None = None,
        total: float = TOTAL,
    ) -> None:
        if not _VERSION.fullmatch(version):
            raise ValueError("the version of the WhatsApp API looks like v23.0")
        if not _ID.fullmatch(phone_number_id) or not _ID.fullmatch(business_account_id):
            raise ValueError("the ids of number and business account are digits")
        self._graph = Graph(http, base_url=base_url, version=version, token=token, total=total)
        self._token = token
        self._number = phone_number_id
        self._account = business_account_id
        self._app = app_id

    def __repr__(self) -> str:
        return f"WhatsApp(number {self._number} at {self._graph})"

    async def send(
        self, outgoing: Outgoing, to: Recipient, *, opaque: str | None = None, reply_to: str | None = None
    ) -> Accepted:
        """Send one message. `opaque` (ASCII) comes back in its statuses; `reply_to` is the wamid it quotes.

        The answer means accepted, not sent: the ticks come by webhook. There is no idempotency key: after
        SendUnknown only a status with the same `opaque` tells whether it was accepted.
        """
        body = request(outgoing, to, opaque=opaque, reply_to=reply_to)
        answer = await self._graph.post(f"{self._number}/messages", body, sends=True)
        receipt = accepted(answer)
        if receipt is None:
            raise SendUnknown("accepted without an id", http_status=200)
        return receipt

    async def mark_read(self, wamid: str) -> None:
        """Show the customer blue ticks on this message and the ones before it."""
        await self._read(wamid, {})

    async def typing(self, wamid: str) -> None:
        """Show "typing…" for 25 s or until we answer; marks the message as read as well."""
        await self._read(wamid, {"typing_indicator": {"type": "text"}})

    async def templates(self) -> AsyncIterator[MessageTemplate]:
        """Every message template of the account, over all pages. NoAnswer if the list never ends or leads away."""
        page = await self._graph.get(f"{self._account}/message_templates", fields=templates.FIELDS, limit="100")
        seen: set[str] = set()
        while True:
            for template in templates.listed(page):
                yield template
            following = templates.next_page(page)
            if following is None:
                return
            if following in seen or len(seen) >= _MOST_PAGES or not is_api(following, self._graph.base_url):
                raise NoAnswer("the list of templates does not end, or leads to another host")
            seen.add(following)
            page = await self._graph.get(following)

    async def create_template(self, draft: TemplateDraft) -> Submitted:
        """Submit a new template. After NoAnswer the list tells whether it was taken; the same name is refused twice."""
        return submitted(await self._graph.post(f"{self._account}/message_templates", draft.wire()))

    async def edit_template(self, template_id: str, draft: TemplateDraft, *, with_category: bool) -> None:
        """Replace the parts of a template; it is reviewed anew. Only one that is approved, rejected or paused."""
        path = limits.identifier("template_id", template_id)
        await self._graph.post(path, draft.changes(with_category=with_category))

    @property
    def takes_samples(self) -> bool:
        """Whether the app is known, without which no sample can be uploaded."""
        return self._app is not None

    async def upload_sample(self, path: Path, *, mime_type: str, filename: str) -> str:
        """The handle of a file that shows a template's header to its reviewer. May safely be tried again."""
        if self._app is None:
            raise Invalid("app_id", "is not known")
        app = limits.identifier("app_id", self._app)
        return await resumable.handle_of(self._graph, app, path, mime_type=mime_type, filename=filename)

    async def upload_media(self, content: bytes | Path, *, mime_type: str, filename: str) -> str:
        """The media id of the uploaded bytes or file, good for 30 days. May safely be tried again."""
        return await media.upload(self._graph, self._number, content, mime_type=mime_type, filename=filename)

    async def media_info(self, media_id: str) -> MediaInfo:
        """Where a media object is now, for five minutes. MediaGone when it is no more."""
        return await media.info(self._graph, media_id, self._number)

    async def download_media(self, media_id: str, path: Path, *, most: int = media.LARGEST_INBOUND) -> Download:
        """Write a media object to `path`, at most `most` bytes. MediaGone, MediaTooLarge, MediaRefused besides."""
        return await media.download(self._graph, media_id, self._number, path, most=most)

    async def number(self) -> Number:
        """Name, quality, throughput and limits of our number."""
        return account.number(await self._graph.get(self._number, fields=account.NUMBER_FIELDS))

    async def token(self) -> TokenFacts:
        """Until when our access token holds (Graph API, "Debug Token"). CallFailed where the app forbids asking."""
        return account.token(await self._graph.get("debug_token", input_token=self._token))

    async def profile(self) -> Profile:
        """The business profile that customers see."""
        path = f"{self._number}/whatsapp_business_profile"
        return account.profile(await self._graph.get(path, fields=account.PROFILE_FIELDS))

    async def update_profile(self, changes: ProfileChanges) -> None:
        """Change what is given, leave the rest."""
        await self._graph.post(f"{self._number}/whatsapp_business_profile", changes.wire())

    async def message_history(self, wamid: str) -> list[HistoryEvent]:
        """The ticks Meta has recorded for a message of ours: repairs missed statuses when the wamid is known."""
        answer = await self._graph.get(
            f"{self._number}/message_history",
            message_id=limits.identifier("message_id", wamid),
            fields=account.HISTORY_FIELDS,
        )
        return account.history(answer)

    async def block(self, wa_ids: Iterable[str]) -> BlockOutcome:
        """Block people; only those who wrote in the last 24 h can be. Looks at each one: read the outcome."""
        return account.blocked(await self._graph.post(f"{self._number}/block_users", account.block_list(wa_ids)))

    async def unblock(self, wa_ids: Iterable[str]) -> BlockOutcome:
        """Let them write again."""
        return account.blocked(await self._graph.delete(f"{self._number}/block_users", account.block_list(wa_ids)))

    async def _read(self, wamid: str, more: Tree) -> None:
        body: Tree = {
            "messaging_product": "whatsapp",
            "status": "read",
            "message_id": limits.identifier("message_id", wamid),
        }
        await self._graph.post(f"{self._number}/messages", body | more)
