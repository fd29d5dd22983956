"""Templates with a place in the header: written here, taken by Meta, checked before any call, a map on the phone."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import httpx
import pytest
from sqlalchemy import select

from console.agents import Viewer
from console.bulk_jobs import offering
from console.inbox.channel import MessageTemplate
from console.inbox.models import Status
from console.message_templates.models import TemplateDraft
from console.scheduling import filling
from tests.attachments.test_bring_and_send import chat
from tests.front import Person
from tests.inbox.test_both_ends import MARIA, Ends, both_ends
from tests.patience import eventually

PLACE = {
    "variable.header.name": "Oficina Miraflores",
    "variable.header.address": "Av. Larco 345, Miraflores",
    "variable.header.latitude": "-12.12151",
    "variable.header.longitude": "-77.03014",
}
BODY = "Estimado(a) {{nombre}}, le esperamos en nuestra oficina para conversar sobre su cuenta."
WRITTEN = {"name": "nuestra_oficina", "language": "es", "category": "UTILITY", "body": BODY, "example.nombre": "Rosa"}


class Office:
    """Both ends, a template with a place in its header, and somebody who has written."""

    def __init__(self, ends: Ends, sara: Person, conversation: int, template: MessageTemplate) -> None:
        self.ends, self.sara, self.conversation, self.template = ends, sara, conversation, template

    async def send(self, **form: str) -> httpx.Response:
        """As the picker does it."""
        given = {"template_id": str(self.template.id), "variable.nombre": "Rosa", "client_key": str(uuid.uuid4())}
        return await self.ends.ana.do(f"/inbox/{self.conversation}/template-messages", **{**given, **PLACE, **form})


@pytest.fixture
async def office(database_url: str, tmp_path: Path) -> AsyncIterator[Office]:
    """Sara writes it and submits it; Meta approves."""
    async with both_ends(database_url, tmp_path) as ends:
        sara = await ends.front.agent("Sara", role="supervisor")
        made = await sara.do("/settings/templates", **WRITTEN, header_format="LOCATION", submit="1")
        assert (made.status_code, made.headers.get("location")) == (303, "/settings/templates"), made.text
        (there,) = [one for one in (await ends.api("GET", "/templates"))["templates"] if one["name"] == WRITTEN["name"]]
        assert there["components"][0] == {"type": "HEADER", "format": "LOCATION"}, "no sample is asked for"
        await ends.api("POST", f"/templates/{WRITTEN['name']}/status", event="APPROVED")

        async def approved() -> MessageTemplate | None:
            async with ends.db.reading() as tx:
                wanted = select(MessageTemplate).where(MessageTemplate.name == WRITTEN["name"])
                return (await tx.scalars(wanted.where(MessageTemplate.status == "APPROVED"))).first()

        template = await eventually(approved)
        assert template is not None
        yield Office(ends, sara, await ends.writes(MARIA), template)


async def test_the_place_is_written_sent_and_shown_as_a_map_at_both_ends(office: Office) -> None:
    ends = office.ends
    picker = await ends.ana.see(f"/inbox/{office.conversation}/templates")
    for label in ("Nombre del lugar", "Dirección del lugar", "Latitud, en grados", "Longitud, en grados"):
        assert label in picker
    assert 'data-variable="header.name"' in picker, "the preview shows the place as it is written"

    answer = await office.send()

    assert answer.status_code == 201, answer.text
    await ends.all_reach(Status.DELIVERED)
    (message,) = await chat(ends)
    assert message["content"]["header_media"] == {
        "kind": "location",
        "name": "Oficina Miraflores",
        "address": "Av. Larco 345, Miraflores",
        "latitude": "-12.12151",
        "longitude": "-77.03014",
    }
    thread = await ends.ana.see(f"/inbox/{office.conversation}?view=all")
    for shown in ("Oficina Miraflores", "Av. Larco 345, Miraflores", "mlat=-12.12151", "le esperamos en nuestra"):
        assert shown in thread
    await ends.nothing_was_sent_twice()


@pytest.mark.parametrize(
    ("part", "value", "says"),
    [
        ("name", "", "Complete esta variable"),
        ("address", "a\nb", "una sola línea"),
        ("address", "a" * 1001, "como máximo 1000"),
        ("latitude", "-12,12151", "con punto, de -90 a 90"),
        ("latitude", "90.1", "con punto, de -90 a 90"),
        ("latitude", "nan", "con punto"),
        ("longitude", "-181", "con punto, de -180 a 180"),
        ("longitude", "1e2", "con punto"),
        ("longitude", "{saldo}", "Falta completar"),
    ],
)
async def test_a_place_that_is_none_is_told_before_the_call_and_names_the_field(
    office: Office, part: str, value: str, says: str
) -> None:
    answer = await office.send(**{f"variable.header.{part}": value})

    assert (answer.status_code, answer.headers["x-refused"]) == (422, "template_variables")
    assert says in answer.text, answer.text
    assert await office.ends.ours() == []
    assert await office.ends.accepted() == {}


async def test_it_leaves_later_and_goes_to_many_with_the_same_four_blanks(office: Office) -> None:
    ana, ends, where = office.ends.ana, office.ends, f"/inbox/{office.conversation}/schedule"
    asked = {"template_id": str(office.template.id), "variable.nombre": "{nombre}", **PLACE}
    form = await ana.see(f"{where}?template_id={office.template.id}")
    assert 'name="variable.header.latitude" value=""' in form, "nothing of the person is put where a place goes"
    preview = await ana.see(f"{where}/preview?{urlencode(asked)}")
    assert "mlat=-12.12151" in preview
    async with ends.db.reading() as tx:
        sara = Viewer(id=office.sara.id, name="Sara", role="supervisor", team_ids=frozenset({1}))
        offer = await offering.offer(tx, sara, {"deed": "template", "template_id": str(office.template.id)})
    assert [blank.key for blank in offer.blanks][:4] == [key.removeprefix("variable.") for key in PLACE]
    assert offer.labels["header.latitude"].startswith("Latitud, en grados")
    shown = filling.written_down(office.template, {key.removeprefix("variable."): said for key, said in PLACE.items()})
    assert not filling.says_a_number(*shown, is_template=True), "an address is not an amount that a payment changes"


async def test_a_draft_taken_over_keeps_its_place_and_needs_no_file(office: Office) -> None:
    async with office.ends.db.reading() as tx:
        draft = (await tx.scalars(select(TemplateDraft).where(TemplateDraft.name == WRITTEN["name"]))).one()
    assert (draft.header_format, draft.header, draft.state) == ("LOCATION", "", "submitted")
    page = await office.sara.see(f"/settings/templates/drafts/{draft.id}")
    assert "WhatsApp muestra un mapa" in page
    assert "data-template-file" not in page, "there is no file to bring"
