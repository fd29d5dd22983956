"""Whatever can be changed in the settings, its page shows who changed it, when, and what it said before and after."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from sqlalchemy import func, select

from console.agents import Viewer
from console.inbox import channel_state
from console.inbox.channel import Channel
from console.inbox.dispositions import Disposition
from console.message_templates.models import TemplateDraft
from console.number import keeping as number_keeping
from integrations.whatsapp.account import Number, Profile, TokenFacts
from tests.front import Front, Person, a_console, settings_for
from tests.test_settings_pages import MAY


class Step(msgspec.Struct, frozen=True):
    """A change: what is posted where, the page that shows it, and a part of what its newest line says."""

    path: str
    form: dict[str, str]
    page: str
    before: str
    after: str


GONE = "(not ticked)"
WIDE = {"deed.edit_tags": "1", "deed.read_reports": "1"}
DRAFT = {"name": "aviso", "language": "es", "category": "UTILITY", "body": "Le recordamos su cuota."}
STEPS = [
    Step("/settings/sign-in", {"supervisor": "1"}, "/settings/sign-in", "ninguno", "Supervisión"),
    Step("/settings/sign-in/time-outs", {"idle": "20", "absolute": "9"}, "/settings/sign-in", "12 h", "9 h"),
    Step("/settings/users", {"name": "Luz", "email": "luz@andes.example", "role": "agent"},
         "/settings/users/3", "—", "Agente"),
    Step("/settings/users/{ana}", {"role": "supervisor", "team-1": "1"},
         "/settings/users/{ana}", "Agente", "Supervisión"),
    Step("/settings/users/{ana}/reset-password", {}, "/settings/users/{ana}", "—", "Por quien la lleva no"),
    Step("/settings/users/3/disable", {}, "/settings/users/3", "Inhabilitado no", "Inhabilitado sí"),
    Step("/settings/roles", {"name": "Analista", "base": "supervisor", **WIDE},
         "/settings/roles", "—", "Ver los números"),
    Step("/settings/roles/1", {"name": "Analista", "deed.read_reports": GONE},
         "/settings/roles/1", "Ver los números", "Permisos Etiquetas"),
    Step("/settings/roles/1/retirement", {}, "/settings/roles", "Analista", "—"),
    Step("/settings/tokens", {"name": "ERP", "days": "30", "scope.audit:read": "1"},
         "/settings/tokens", "—", "Leer el historial"),
    Step("/settings/tokens/1/revocation", {}, "/settings/tokens", "Revocada no", "Revocada sí"),
    Step("/settings/webhooks", {"name": "ERP", "url": "https://erp.example/a", "event.account.updated": "1"},
         "/settings/webhooks/1", "—", "Cuenta que cambia"),
    Step("/settings/webhooks/1", {"deed": "disable"}, "/settings/webhooks/1", "activo", "detenido"),
    Step("/settings/webhooks/1", {"deed": "enable"}, "/settings/webhooks/1", "detenido", "activo"),
    Step("/settings/webhooks/1", {"deed": "secret"}, "/settings/webhooks/1", "la anterior", "una nueva"),
    Step("/settings/webhooks/1", {"deed": "remove"}, "/settings/webhooks", "activo", "eliminado"),
    Step("/settings/number/pause", {"reason": "Feriado"}, "/settings/number", "—", "por una persona"),
    Step("/settings/number/resume", {}, "/settings/number", "Feriado", "—"),
    Step("/settings/retention", {"media_months": "36"}, "/settings/retention", "siempre", "36 meses"),
    Step("/settings/targets", {"team": "1", "state": "late_1", "first_due": "1 h", "first_warns": "45"},
         "/settings/targets?team=1", "lo general", "1 h, aviso a los 45 min"),
    Step("/settings/portfolio", {"first_edge": "15"}, "/settings/portfolio", "30 días", "15 días"),
    Step("/settings/hours", {"team": "1", "monday": "9:00-12:00"},
         "/settings/hours?team=1", "—", "Lunes 9:00-12:00"),
    Step("/settings/hours/days", {"team": "1", "day": "2027-03-05", "hours": "", "name": "Inventario"},
         "/settings/hours?team=1", "—", "Cerrado"),
    Step("/settings/hours/days/removal", {"team": "1", "day": "2027-03-05"},
         "/settings/hours?team=1", "Inventario", "—"),
    Step("/settings/hours/inheritance", {"team": "1"}, "/settings/hours?team=1", "Lunes 9:00-12:00", "—"),
    Step("/settings/tags", {"name": "Paga por Yape", "colour": "teal"}, "/settings/tags", "—", "Turquesa"),
    Step("/settings/tags/1", {"name": "Paga por Yape", "colour": "pink", "team": "1"},
         "/settings/tags", "Todos los equipos", "Rosado"),
    Step("/settings/tags/1/retirement", {}, "/settings/tags", "Retirada no", "Retirada sí"),
    Step("/settings/dispositions", {"parent_id": "{first}", "code": "CD-X1", "name": "Pagará"},
         "/settings/dispositions", "—", "CD-X1"),
    Step("/settings/dispositions/{new}", {"name": "Pagará hoy", "needs": "promise", "effect": "stop"},
         "/settings/dispositions", "nada", "Una promesa, con monto y día"),
    Step("/settings/dispositions/{new}/move", {"to": "up"}, "/settings/dispositions", "Lugar", "Lugar"),
    Step("/settings/dispositions/{new}/retirement", {}, "/settings/dispositions", "Retirada no", "Retirada sí"),
    Step("/settings/routing/1", {"serving": "least_busy", "capacity": "9", "points_amount": "4"},
         "/settings/routing?team=1", "15 conversaciones", "A quien tiene menos carga"),
    Step("/settings/quality", {"per_week": "7"}, "/settings/quality", "Conversaciones por agente y semana", "7"),
    Step("/settings/words", {"country": "PE", "kind": "third_party", "phrase": "su vecino", "do": "on"},
         "/settings/words?country=PE", "Se busca no", "Posible mención a terceros"),
    Step("/settings/templates", DRAFT, "/settings/templates/drafts/{draft}", "—", "aviso"),
    Step("/settings/templates/drafts/{draft}", {**DRAFT, "body": "Su cuota vence."},
         "/settings/templates/drafts/{draft}", "Le recordamos", "Su cuota vence."),
    Step("/settings/canned", {"name": "Yape", "folder": "Pagos", "body": "Al 999", "scope": "team:1"},
         "/settings/canned", "—", "Para quién Cobranza"),
    Step("/settings/canned/1", {"name": "Yape", "folder": "Medios", "body": "Al 988"},
         "/settings/canned", "Pagos", "Cambió el texto sí"),
    Step("/settings/canned/1/retirement", {}, "/settings/canned", "Retirado no", "Retirado sí"),
    Step("/bot/settings", {"team": "1", "mode": "always", "tone": "formal", "document_last4": "1"},
         "/bot/settings?team=1", "Fuera de horario", "Siempre primero"),
    Step("/bot/texts", {"key": "saludo", "tone": "cordial", "country": "PE", "body": "Bienvenida"},
         "/bot/texts?key=saludo&tone=cordial&country=PE", "el texto original", "Bienvenida"),
    Step("/reports/rates", {"utility": "0.02"}, "/reports/rates", "—", "0.02"),
]  # fmt: skip
# What is no setting of the business: one's own, a deed that is done once, or what only a running WhatsApp answers.
NOT_SETTINGS = re.compile(
    r"/audit|/settings/(sessions|language|password|second-factor|notifications|reviews|dead-letters|number/refresh"
    r"|number/profile|templates/refresh|canned/.*/files|templates/drafts/.*/(file|discard)|templates/.*/draft"
    r"|webhooks/.*/replay|users/.*/(end-sessions|sessions|remove-factor))"
)
# A brace or a quote of JSON, a code in snake_case or of an action or scope, or a value of a program's.
A_CODE = re.compile(r"[{}\[\]\"]|\b[a-z]+_[a-z_0-9]+\b|\b[a-z]+[.:][a-z_]+\b|\b(None|null|True|False|true|false)\b")

URL = re.compile(r"https://\S+")


class Rows(HTMLParser):
    """The cells of the changes that a page shows, and the fields of its forms by their action."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.forms: dict[str, dict[str, str]] = {}
        self._in_changes = self._in_cell = False
        self._form: dict[str, str] = {}
        self._select = self._area = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "table":
            self._in_changes = "changes" in given.get("class", "").split()
        if tag == "form":
            self._form = self.forms.setdefault(given.get("action", ""), {})
        if tag == "tr" and self._in_changes:
            self.rows.append([])
        if tag == "td" and self._in_changes:
            self.rows[-1].append("")
            self._in_cell = True
        if tag == "input" and "name" in given and (given.get("type") != "checkbox" or "checked" in given):
            self._form[given["name"]] = given.get("value", "")
        if tag == "select":
            self._select = given.get("name", "")
        if tag == "option" and "selected" in given:
            self._form[self._select] = given.get("value", "")
        self._area = given.get("name", "") if tag == "textarea" else self._area

    def handle_endtag(self, tag: str) -> None:
        self._in_cell &= tag != "td"
        self._in_changes &= tag != "table"
        if tag == "textarea":
            self._area = ""

    def handle_data(self, data: str) -> None:
        if self._in_cell:
            self.rows[-1][-1] = " ".join(f"{self.rows[-1][-1]} {data}".split())
        if self._area:
            self._form[self._area] = self._form.get(self._area, "") + data


@pytest.fixture
async def front(database_url: str, tmp_path: Path) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


def test_every_address_that_changes_a_setting_is_walked_below() -> None:
    walked = {re.sub(r"\{\w+\}|\b\d+\b", "N", step.path) for step in STEPS}
    changing = {path for method, path in MAY if method == "POST" and not NOT_SETTINGS.match(path)}
    assert {re.sub(r"\{[^}]+\}", "N", path) for path in changing} <= walked


async def numbers(front: Front, ana: Person) -> dict[str, str]:
    """The ids that addresses of the steps name."""
    async with front.console.db.reading() as tx:
        nodes = list(await tx.scalars(select(Disposition).order_by(Disposition.id)))
        draft = await tx.scalar(select(func.max(TemplateDraft.id)))
    first = next((node.id for node in nodes if node.parent_id is None), 0)
    return {"ana": str(ana.id), "first": str(first), "new": str(nodes[-1].id if nodes else 0), "draft": str(draft)}


async def test_each_change_of_a_setting_stands_on_its_page_with_who_when_before_and_after_in_words(
    front: Front,
) -> None:
    elena, ana = await front.agent("Elena", role="admin"), await front.agent("Ana")
    for step in STEPS:
        ids = await numbers(front, ana)
        path, page = step.path.format(**ids), step.page.format(**ids)
        # As a browser does: what the page's own form holds, and what was typed over it.
        asked = f"{page}&state={step.form['state']}" if "state" in step.form else page
        shown = await elena.http.get(asked)
        held = Rows(shown.text).forms.get(path, {}) if shown.status_code == 200 else {}
        typed = {**held, **{name: value.format(**ids) for name, value in step.form.items()}}
        answer = await elena.do(path, **{name: value for name, value in typed.items() if value != GONE})
        assert answer.status_code in {200, 303}, (path, answer.status_code, answer.text[-3000:])

        page = step.page.format(**await numbers(front, ana))
        rows = [row for row in Rows(await elena.see(page)).rows if row]
        assert rows, path
        when, who, what, before, after = rows[0]
        assert (who, bool(when), bool(what)) == ("Elena", True, True), (path, rows[0])
        assert step.before in before, (path, rows[0])
        assert step.after in after, (path, rows[0])
        for row in rows:
            assert not A_CODE.search(URL.sub("", " | ".join(row))), (path, row)


async def test_what_whatsapp_says_of_the_number_and_its_profile_changes_in_words_too(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    number = Number(
        display_phone_number="+51 1 640 2200",
        verified_name="Andes",
        quality_rating="GREEN",
        messaging_limit="TIER_10K",
        status="CONNECTED",
        name_status="AVAILABLE_WITHOUT_REVIEW",
        can_send_message="LIMITED",
        throughput="HIGH",
    )
    profile = Profile(about="Al día con usted", vertical="FINANCE", websites=["https://andes.example"])
    async with front.console.db.transaction() as tx:
        channel = (await tx.scalars(select(Channel))).one()
        told = number_keeping.Told(number=number, profile=profile, token=TokenFacts(is_valid=True))
        viewer = Viewer(id=elena.id, name="Elena", role="admin", team_ids=frozenset())
        await number_keeping.learn(tx, channel, told, by=viewer)
        await number_keeping.keep_profile(tx, channel.id, Profile(about="Estamos", vertical="RETAIL"), by=viewer)
        await channel_state.pause(tx, channel, kind="payment", reason="Falta pagar", by=viewer)

    rows = [row for row in Rows(await elena.see("/settings/number")).rows if row]

    said = " | ".join(" ".join(row) for row in rows)
    for words in ("Alta", "10,000", "Disponible sin revisión", "Con límites", "Finanzas", "por un pago pendiente"):
        assert words in said
    for row in rows:
        assert not A_CODE.search(URL.sub("", " ".join(row))), row
