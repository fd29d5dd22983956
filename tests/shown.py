"""What screens can be given, ready made: say only what matters, the rest is sensible."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from console.attachments.models import StagedFile
from console.inbox.filter_bar import Chip, FilterBar
from console.inbox.listing import Listing
from console.inbox.views import (
    Banner,
    ContactView,
    DraftView,
    FailureView,
    HeaderView,
    HistoryLine,
    MediaView,
    MessageView,
    PanelView,
    PresentAgent,
    QuoteView,
    ReactionView,
    RowView,
    StandingView,
    TagView,
    ThreadView,
    ViewCount,
)
from console.portfolio.agreed import Agreed, Debt, DisputeView, PlanView, PromiseView, StepView
from console.portfolio.money_in import MoneyIn
from console.portfolio.owed import AccountView, InvoiceView, Owed, PersonView

# A quarter of an hour before what the clock of the tests says.
EARLIER = datetime(2026, 11, 20, 14, 45, tzinfo=UTC)
A_DAY = timedelta(hours=23, minutes=45)


def a_viewer(**given: Any) -> Any:
    return SimpleNamespace(
        **{"id": 1, "name": "Rosa Quispe", "initials": "RQ", "role": "admin", "role_name": None, "deeds": None, **given}
    )


def a_row(**given: Any) -> RowView:
    usual: dict[str, Any] = {
        "conversation_id": 12,
        "team_id": 1,
        "name": "María Fernanda Ccori",
        "initials": "MC",
        "preview": "Le mando el comprobante",
        "preview_kind": "text",
        "direction": "in",
        "last_status": None,
        "last_author": None,
        "at": EARLIER,
        "unread": 0,
        "inbound": 1,
        "holder_id": 1,
        "holder_name": "Rosa Quispe",
        "status": "open",
        "waiting_since": EARLIER,
        "window_closes_at": EARLIER + timedelta(hours=24),
        "failed": False,
        "version": 3,
        "position": 1795000000000,
        "standing": a_standing(),
        "tags": [TagView(id=1, name="Paga por Yape", colour="purple")],
    }
    return RowView(**(usual | given))


def a_message(**given: Any) -> MessageView:
    usual: dict[str, Any] = {
        "id": 77,
        "conversation_id": 12,
        "sequence": 5,
        "direction": "in",
        "author_kind": "contact",
        "author_id": 7,
        "author_name": "María Fernanda Ccori",
        "kind": "text",
        "text": "Ya deposité",
        "content": {},
        "media": [],
        "quoted": None,
        "forwarded": False,
        "status": "received",
        "failure": None,
        "at": EARLIER,
        "written_at": None,
        "late": False,
        "edited_at": None,
        "previous_texts": [],
        "revoked_at": None,
        "reactions": [],
        "client_key": None,
        "read_at": None,
        "version": 1,
    }
    return MessageView(**(usual | given))


def our_message(**given: Any) -> MessageView:
    ours = {"direction": "out", "author_kind": "agent", "author_id": 1, "author_name": "Rosa Quispe", "status": "sent"}
    return a_message(**(ours | given))


def a_file(**given: Any) -> MediaView:
    usual: dict[str, Any] = {
        "id": 5,
        "kind": "document",
        "filename": "constancia.pdf",
        "mime_type": "application/pdf",
        "size": 96_000,
        "state": "stored",
        "voice": False,
        "url": "/media/5",
        "inline": False,
        "has_pages": True,
    }
    return MediaView(**(usual | given))


def a_thread(*messages: MessageView, **given: Any) -> ThreadView:
    usual: dict[str, Any] = {"conversation_id": 12, "messages": list(messages), "has_earlier": False}
    return ThreadView(**(usual | {"earlier_before": None, "last_sequence": 5} | given))


def a_header(**given: Any) -> HeaderView:
    usual: dict[str, Any] = {
        "conversation_id": 12,
        "name": "María Fernanda Ccori",
        "initials": "MC",
        "phone": "+51 •••• 8305",
        "status": "open",
        "holder_id": 1,
        "holder_name": "Rosa Quispe",
        "holder_is_viewer": True,
        "team_name": "Mora temprana",
        "version": 4,
        "window_opened_at": EARLIER,
        "window_closes_at": EARLIER + timedelta(hours=24),
        "free_text_until": EARLIER + timedelta(hours=24),
        "window_is_open": True,
        "can_assign": True,
        "candidates": [(1, "Rosa Quispe"), (2, "Victor Huamán")],
        "identity_note": None,
        "standing": a_standing(),
    }
    return HeaderView(**(usual | given))


def a_standing(**given: Any) -> StandingView:
    usual: dict[str, Any] = {
        "state": "late_1",
        "label": "Vencido 1-30",
        "tone": "b30",
        "overdue_minor": 41250,
        "balance_minor": 123750,
        "currency": "PEN",
        "oldest_due_on": date(2026, 11, 5),
        "promise_on": None,
        "promise_state": None,
        "plan_paid": None,
        "plan_count": None,
    }
    return StandingView(**(usual | given))


def what_is_owed(words: str = "María Fernanda Ccori") -> Owed:
    """One debtor with one account and an invoice of each kind, `words` wherever a creditor's file speaks."""
    account = AccountView(
        id=3,
        external_id=words,
        product=words,
        creditor=words,
        currency="PEN",
        is_open=True,
        state="late_1",
        label="Vencido 1-30",
        tone="b30",
        overdue_minor=41250,
        balance_minor=82500,
        oldest_due_on=date(2026, 11, 5),
        days=15,
        late=[InvoiceView(words, date(2026, 11, 5), 41250, 41250, disputed=False)],
        soon=[InvoiceView(words, date(2026, 12, 5), 41250, 41250, disputed=True)],
        paid=[InvoiceView(words, date(2026, 10, 5), 41250, 0, disputed=False)],
    )
    return Owed([PersonView(id=2, name=words, document_type="DNI", document="•••• 2716", accounts=[account])])


def a_panel(**given: Any) -> PanelView:
    contact = ContactView(
        name="María Fernanda Ccori",
        phone="+51 •••• 8305",
        profile_name="Mafer",
        username="mafer",
        first_seen_at=EARLIER,
        aliases=[(9, "+51 •••• 8306")],
    )
    usual: dict[str, Any] = {
        "contact": contact,
        "history": [HistoryLine(id=1, at=EARLIER, words="Mensaje recibido")],
        "review_tasks": ["El número cambió."],
        "agreed": what_is_agreed(),
        "money_in": MoneyIn(payments=[], links=[], has_more=False),
        "standing": a_standing(),
        "tags": [TagView(id=1, name="Paga por Yape", colour="purple")],
        "owed": what_is_owed(),
    }
    return PanelView(**(usual | given))


def what_is_agreed(**given: Any) -> Agreed:
    """One account, an open promise, a plan and a dispute of it."""
    debt = Debt(
        account_id=1,
        debtor_id=1,
        external_id="PR-00001",
        product="Crédito personal",
        currency="PEN",
        overdue_minor=41250,
        balance_minor=288750,
        country="PE",
        zone=ZoneInfo("America/Lima"),
        today=date(2026, 11, 20),
    )
    promise = PromiseView(
        id=1,
        account_id=1,
        account="PR-00001",
        amount_minor=20000,
        paid_minor=5000,
        currency="PEN",
        due_on=date(2026, 11, 27),
        days_left=7,
        state="open",
        version=1,
        remind_at=None,
        reminded_at=None,
        is_doubted=False,
    )
    steps = [
        StepView(0, date(2026, 11, 20), 10000, 10000, is_paid=True, is_late=False),
        StepView(1, date(2026, 12, 20), 15000, 5000, is_paid=False, is_late=False),
        StepView(2, date(2027, 1, 20), 16250, 0, is_paid=False, is_late=False),
    ]
    plan = PlanView(
        id=1,
        account="PR-00001",
        state="active",
        total_minor=41250,
        paid_minor=15000,
        currency="PEN",
        steps=steps,
        version=1,
        is_doubted=True,
    )
    dispute = DisputeView(
        id=1,
        account="PR-00001",
        invoice="C-08841",
        category="Dice que ya pagó",
        words="Pagué en la agencia",
        opened_at=EARLIER,
        answer_by=EARLIER + timedelta(days=15),
        version=1,
    )
    usual: dict[str, Any] = {
        "debts": [debt],
        "open": [promise],
        "last": msgspec.structs.replace(promise, id=2, state="partial"),
        "kept": 4,
        "settled": 5,
        "plans": [plan],
        "disputes": [dispute],
    }
    return Agreed(**(usual | given))


def a_waiting_file(**given: Any) -> StagedFile:
    usual = {"id": 4, "conversation_id": 12, "kind": "document", "filename": "Cronograma.pdf", "size": 21_400}
    return StagedFile(**(usual | {"voice": False} | given))


def a_pane(**given: Any) -> dict[str, Any]:
    usual = {
        "header": a_header(),
        "thread": a_thread(a_message(), our_message(id=78, sequence=6, client_key="k")),
        "panel": a_panel(),
        "presence": [PresentAgent(agent_id=2, name="Victor Huamán", initials="VH", typing=True)],
        "draft": DraftView(text="Señor", mode="reply", saved_at=EARLIER),
        "files": [a_waiting_file()],
    }
    return usual | given


def an_inbox(**given: Any) -> dict[str, Any]:
    usual: dict[str, Any] = {
        "viewer": a_viewer(),
        "counts": [ViewCount(key="mine", label="Mías", count=1), ViewCount(key="all", label="Todas", count=1204)],
        "view": "mine",
        "rows": [a_row()],
        "next_cursor": None,
        "bar": a_bar(),
        "pane": a_pane(),
        "head": 9,
        "banner": Banner(kind="paused", sentence="Envíos en pausa.", link=None),
        "demo": True,
    }
    return usual | given


def a_bar(words: str = "Paga por Yape", **given: Any) -> FilterBar:
    usual: dict[str, Any] = {
        "view": "mine",
        "filters": "tags=1",
        "chips": [Chip(words, "")],
        "count": 3,
        "is_more": False,
        "listing": Listing(view="mine", tags=(1,), currency="PEN"),
        "tags": [TagView(id=1, name=words, colour="purple")],
        "states": [("late_1", "Vencido 1-30")],
        "promises": {"open": "Promesa abierta"},
        "targets": {"warned": "Por vencer"},
        "amount_from": "",
        "amount_to": "",
    }
    return FilterBar(**(usual | given))


def a_template(**given: Any) -> Any:
    usual: dict[str, Any] = {
        "id": 4,
        "title": "Recordatorio",
        "name": "recordatorio",
        "language": "es_PE",
        "category": "UTILITY",
        "header": None,
        "place": True,
        "file": "document",
        "default_file": "Cómo pagar.pdf",
        "default_url": "/template-files/3",
        "body": "Buenos días, {{1}}. Su cuota venció.",
        "footer": None,
        "buttons": [SimpleNamespace(type="URL", text="Pagar ahora")],
        "variables": [("1", "Nombre", "María")],
        "quality": "high",
        "usable": True,
        "why_not": None,
    }
    return SimpleNamespace(**(usual | given))


def every_message(words: str = "María") -> list[MessageView]:
    """One of each kind and state, with `words` wherever a stranger's words can stand."""
    kinds = (
        "text",
        "image",
        "audio",
        "button",
        "interactive",
        "unsupported",
        "unknown",
        "hologram",
        "reaction",
        "edit",
    )
    failure = FailureView(sentence="No recibe mensajes.", advice="Pida otro contacto.", code=131026, action="resend")
    contents: dict[str, dict[str, Any]] = {
        "location": {"latitude": -12.07, "longitude": "-77.05", "name": words, "address": words},
        "contacts": {"contacts": [{"name": words, "phones": [words]}]},
        "order": {"items": [{"name": words, "quantity": words, "item_price": words}], "total": words},
        "template": {"name": words, "header": words, "body": words, "footer": words, "buttons": [{"text": words}]},
        "event": {"action": words},
        "system": {"body": words, "type": words},
    }
    media = [a_file(state=state, filename=words) for state in ("stored", "pending", "failed", "expired", "refused")]
    media += [a_file(kind=kind, inline=True, filename=words) for kind in ("image", "video", "audio", "sticker")]
    whole = [
        *(a_message(kind=kind, text=words) for kind in kinds),
        *(a_message(kind=kind, content=content, text=None) for kind, content in contents.items()),
        *(our_message(status=status, text=words) for status in ("queued", "sending", "sent", "delivered", "read")),
        our_message(status="failed", failure=failure, text=words),
        our_message(kind="note", direction="none", status="noted", text=words, author_name=words),
        a_message(media=media, quoted=QuoteView(message_id=1, author_name=words, text=words, kind="text")),
        a_message(reactions=[ReactionView(words, words)], forwarded=True, late=True, written_at=EARLIER - A_DAY),
        a_message(edited_at=EARLIER, previous_texts=[(words, EARLIER)]),
        a_message(revoked_at=EARLIER, text=None, author_name=words),
    ]
    for number, message in enumerate(whole, start=1):
        message.id = message.sequence = number
    return whole
