from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.whatsapp.errors import Invalid
from integrations.whatsapp.outgoing import (
    Button,
    Buttons,
    ContactInfoRequest,
    Contacts,
    FlowMessage,
    Header,
    LinkButton,
    ListMessage,
    Location,
    LocationRequest,
    Media,
    Outgoing,
    Parameter,
    Reaction,
    Row,
    Section,
    TemplateButton,
    TemplateMedia,
    TemplateMessage,
    Text,
    request,
)
from integrations.whatsapp.payloads import Person

ANA = Person("51955500101", "PE.4417")
CARD = {"name": {"formatted_name": "Luis Mamani", "first_name": "Luis"}, "phones": [{"phone": "+51 955 500 202"}]}

WIRE: list[tuple[Outgoing, dict[str, Any]]] = [
    (Text("Buenos días 🙏"), {"type": "text", "text": {"body": "Buenos días 🙏", "preview_url": False}}),
    (
        Text("https://x.example", preview_url=True),
        {"type": "text", "text": {"body": "https://x.example", "preview_url": True}},
    ),
    (
        Media(kind="image", media_id="88", caption="Recibo"),
        {"type": "image", "image": {"id": "88", "caption": "Recibo"}},
    ),
    (
        Media(kind="video", link="https://x.example/v.mp4"),
        {"type": "video", "video": {"link": "https://x.example/v.mp4"}},
    ),
    (Media(kind="audio", media_id="88"), {"type": "audio", "audio": {"id": "88"}}),
    (Media(kind="audio", media_id="88", voice=True), {"type": "audio", "audio": {"id": "88", "voice": True}}),
    (
        Media(kind="document", media_id="88", caption="Su convenio", filename="convenio.pdf"),
        {"type": "document", "document": {"id": "88", "caption": "Su convenio", "filename": "convenio.pdf"}},
    ),
    (Media(kind="sticker", media_id="88"), {"type": "sticker", "sticker": {"id": "88"}}),
    (
        Location(-12.04, -77.04, name="Oficina", address="Av. Arequipa 100"),
        {
            "type": "location",
            "location": {"latitude": -12.04, "longitude": -77.04, "name": "Oficina", "address": "Av. Arequipa 100"},
        },
    ),
    (Location(0, 0), {"type": "location", "location": {"latitude": 0, "longitude": 0}}),
    (Contacts([CARD]), {"type": "contacts", "contacts": [CARD]}),
    (Reaction("wamid.1", "👍"), {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": "👍"}}),
    (Reaction("wamid.1", ""), {"type": "reaction", "reaction": {"message_id": "wamid.1", "emoji": ""}}),
    (
        Buttons(
            body="¿Cuándo paga?",
            header=Header(text="Su cuenta"),
            footer="Caja Andina",
            buttons=[Button("hoy", "Hoy"), Button("otro", "Otro día")],
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "button",
                "header": {"type": "text", "text": "Su cuenta"},
                "body": {"text": "¿Cuándo paga?"},
                "footer": {"text": "Caja Andina"},
                "action": {
                    "buttons": [
                        {"type": "reply", "reply": {"id": "hoy", "title": "Hoy"}},
                        {"type": "reply", "reply": {"id": "otro", "title": "Otro día"}},
                    ]
                },
            },
        },
    ),
    (
        ListMessage(
            body="Elija un plan",
            button="Ver planes",
            sections=[
                Section(title="Cortos", rows=[Row("p2", "Dos cuotas", "S/ 180 al mes")]),
                Section(title="Largos", rows=[Row("p6", "Seis cuotas")]),
            ],
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "list",
                "body": {"text": "Elija un plan"},
                "action": {
                    "button": "Ver planes",
                    "sections": [
                        {
                            "title": "Cortos",
                            "rows": [{"id": "p2", "title": "Dos cuotas", "description": "S/ 180 al mes"}],
                        },
                        {"title": "Largos", "rows": [{"id": "p6", "title": "Seis cuotas"}]},
                    ],
                },
            },
        },
    ),
    (
        ListMessage(body="Elija", button="Ver", sections=[Section(rows=[Row("a", "A")])]),
        {
            "type": "interactive",
            "interactive": {
                "type": "list",
                "body": {"text": "Elija"},
                "action": {"button": "Ver", "sections": [{"rows": [{"id": "a", "title": "A"}]}]},
            },
        },
    ),
    (
        LinkButton(
            body="Pague aquí",
            label="Pagar",
            url="https://pagos.example/a/7Kq2",
            header=Header(media=Media(kind="image", media_id="88")),
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "cta_url",
                "header": {"type": "image", "image": {"id": "88"}},
                "body": {"text": "Pague aquí"},
                "action": {
                    "name": "cta_url",
                    "parameters": {"display_text": "Pagar", "url": "https://pagos.example/a/7Kq2"},
                },
            },
        },
    ),
    (
        FlowMessage(
            body="Complete sus datos",
            cta="Abrir",
            flow_id="77",
            flow_token="t",
            draft=True,
            screen="UNO",
            data={"a": 1},
        ),
        {
            "type": "interactive",
            "interactive": {
                "type": "flow",
                "body": {"text": "Complete sus datos"},
                "action": {
                    "name": "flow",
                    "parameters": {
                        "flow_message_version": "3",
                        "flow_cta": "Abrir",
                        "flow_id": "77",
                        "flow_token": "t",
                        "mode": "draft",
                        "flow_action": "navigate",
                        "flow_action_payload": {"screen": "UNO", "data": {"a": 1}},
                    },
                },
            },
        },
    ),
    (
        LocationRequest(body="¿Dónde está?"),
        {
            "type": "interactive",
            "interactive": {
                "type": "location_request_message",
                "body": {"text": "¿Dónde está?"},
                "action": {"name": "send_location"},
            },
        },
    ),
    (
        ContactInfoRequest(body="¿Cuál es su número?"),
        {
            "type": "interactive",
            "interactive": {
                "type": "request_contact_info",
                "body": {"text": "¿Cuál es su número?"},
                "action": {"name": "request_contact_info"},
            },
        },
    ),
    (
        TemplateMessage(name="aviso", language="es"),
        {"type": "template", "template": {"name": "aviso", "language": {"code": "es"}}},
    ),
    (
        TemplateMessage(
            name="recordatorio_de_pago",
            language="es_MX",
            header=[Parameter(media=TemplateMedia(kind="document", media_id="88", filename="estado.pdf"))],
            body=[Parameter(text="Ana"), Parameter(text="S/ 120.00")],
            buttons=[
                TemplateButton(index=0, kind="quick_reply", value="PAY_TODAY"),
                TemplateButton(index=1, kind="url", value="7Kq2"),
            ],
        ),
        {
            "type": "template",
            "template": {
                "name": "recordatorio_de_pago",
                "language": {"code": "es_MX"},
                "components": [
                    {
                        "type": "header",
                        "parameters": [{"type": "document", "document": {"id": "88", "filename": "estado.pdf"}}],
                    },
                    {
                        "type": "body",
                        "parameters": [{"type": "text", "text": "Ana"}, {"type": "text", "text": "S/ 120.00"}],
                    },
                    {
                        "type": "button",
                        "sub_type": "quick_reply",
                        "index": "0",
                        "parameters": [{"type": "payload", "payload": "PAY_TODAY"}],
                    },
                    {
                        "type": "button",
                        "sub_type": "url",
                        "index": "1",
                        "parameters": [{"type": "text", "text": "7Kq2"}],
                    },
                ],
            },
        },
    ),
    (
        TemplateMessage(name="aviso", language="es", body=[Parameter(name="nombre", text="Ana")]),
        {
            "type": "template",
            "template": {
                "name": "aviso",
                "language": {"code": "es"},
                "components": [
                    {"type": "body", "parameters": [{"type": "text", "parameter_name": "nombre", "text": "Ana"}]}
                ],
            },
        },
    ),
]


@pytest.mark.parametrize(("outgoing", "wire"), WIRE, ids=lambda each: type(each).__name__ if each is not dict else "")
def test_a_message_is_written_as_meta_documents_it(outgoing: Outgoing, wire: dict[str, Any]) -> None:
    assert request(outgoing, ANA, opaque=None, reply_to=None) == {
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        "to": "+51955500101",
        **wire,
    }


def test_a_reply_quotes_and_carries_our_reference() -> None:
    body = request(Text("Hola"), ANA, opaque="0c5b-4e0e", reply_to="wamid.1")

    assert body["context"] == {"message_id": "wamid.1"}
    assert body["biz_opaque_callback_data"] == "0c5b-4e0e"


def test_someone_without_a_phone_is_addressed_by_user_id() -> None:
    body = request(Text("Hola"), Person(None, "PE.4417"), opaque=None, reply_to=None)

    assert body["recipient"] == "PE.4417"
    assert "to" not in body


def buttons(**change: Any) -> Buttons:
    return Buttons(**{"body": "¿Cuándo?", "buttons": [Button("a", "A")], **change})


def listing(**change: Any) -> ListMessage:
    return ListMessage(**{"body": "Elija", "button": "Ver", "sections": [Section(rows=[Row("a", "A")])], **change})


INVALID: list[tuple[Outgoing, str]] = [
    (Text(""), "text.body"),
    (Text(" \n "), "text.body"),
    (Text("x" * 4097), "text.body"),
    (Text("a\x00"), "text.body"),
    (Text("a\ud800"), "text.body"),
    (Media(kind="image"), "image"),
    (Media(kind="image", media_id="1", link="https://x.example"), "image"),
    (Media(kind="image", media_id="a b"), "image.id"),
    (Media(kind="image", link="file:///etc/passwd"), "image.link"),
    (Media(kind="image", media_id="1", caption="x" * 1025), "image.caption"),
    (Media(kind="audio", media_id="1", caption="x"), "audio.caption"),
    (Media(kind="sticker", media_id="1", caption="x"), "sticker.caption"),
    (Media(kind="image", media_id="1", filename="x"), "image.filename"),
    (Media(kind="video", media_id="1", voice=True), "video.voice"),
    (Location(91, 0), "location.latitude"),
    (Location(0, float("nan")), "location.longitude"),
    (Contacts([]), "contacts"),
    (Contacts([CARD] * 6), "contacts"),
    (Contacts([{"name": {"formatted_name": "Luis"}}]), "contacts.name"),
    (Contacts([{"name": {"formatted_name": "Luis", "first_name": "\ud800"}}]), "contacts"),
    (Reaction("", "👍"), "reaction.message_id"),
    (buttons(body="x" * 1025), "interactive.body.text"),
    (buttons(header=Header(text="x" * 61)), "interactive.header.text"),
    (buttons(header=Header()), "interactive.header"),
    (buttons(header=Header(media=Media(kind="audio", media_id="1"))), "interactive.header"),
    (buttons(footer="x" * 61), "interactive.footer.text"),
    (buttons(buttons=[]), "interactive.action.buttons"),
    (buttons(buttons=[Button(str(n), str(n)) for n in range(4)]), "interactive.action.buttons"),
    (buttons(buttons=[Button("a", "x" * 21)]), "interactive.action.buttons.reply.title"),
    (buttons(buttons=[Button("a", " A")]), "interactive.action.buttons.reply.title"),
    (buttons(buttons=[Button("a", "A\nB")]), "interactive.action.buttons.reply.title"),
    (buttons(buttons=[Button("a", "A"), Button("b", "A")]), "interactive.action.buttons.reply.title"),
    (buttons(buttons=[Button("a", "A"), Button("a", "B")]), "interactive.action.buttons.reply.id"),
    (buttons(buttons=[Button("x" * 257, "A")]), "interactive.action.buttons.reply.id"),
    (listing(button="x" * 21), "interactive.action.button"),
    (listing(header=Header(media=Media(kind="image", media_id="1"))), "interactive.header"),
    (listing(sections=[]), "interactive.action.sections"),
    (listing(sections=[Section(rows=[])]), "interactive.action.sections.rows"),
    (listing(sections=[Section(rows=[Row(str(n), "A") for n in range(11)])]), "interactive.action.sections.rows"),
    (listing(sections=[Section(rows=[Row("a", "A"), Row("a", "B")])]), "interactive.action.sections.rows.id"),
    (listing(sections=[Section(rows=[Row("a", "x" * 25)])]), "interactive.action.sections.rows.title"),
    (listing(sections=[Section(rows=[Row("a", "A", "x" * 73)])]), "interactive.action.sections.rows.description"),
    (listing(sections=[Section(rows=[Row("x" * 201, "A")])]), "interactive.action.sections.rows.id"),
    (
        listing(sections=[Section(rows=[Row("a", "A")]), Section(rows=[Row("b", "B")])]),
        "interactive.action.sections.title",
    ),
    (listing(sections=[Section(title="x" * 25, rows=[Row("a", "A")])]), "interactive.action.sections.title"),
    (
        LinkButton(body="x", label="x" * 21, url="https://x.example"),
        "interactive.action.parameters.display_text",
    ),
    (LinkButton(body="x", label="Pagar", url="javascript:alert(1)"), "interactive.action.parameters.url"),
    (FlowMessage(body="x", cta="x" * 31, flow_id="1"), "interactive.action.parameters.flow_cta"),
    (FlowMessage(body="x", cta="Abrir"), "interactive.action.parameters.flow_id"),
    (LocationRequest(body="x", footer="y"), "interactive.header"),
    (TemplateMessage(name="Aviso", language="es"), "template.name"),
    (TemplateMessage(name="a" * 513, language="es"), "template.name"),
    (TemplateMessage(name="aviso", language="español"), "template.language.code"),
    (TemplateMessage(name="aviso", language="es", body=[Parameter(text="a\nb")]), "template.components.body.text"),
    (TemplateMessage(name="aviso", language="es", body=[Parameter(text="a     b")]), "template.components.body.text"),
    (TemplateMessage(name="aviso", language="es", body=[Parameter(text="")]), "template.components.body.text"),
    (
        TemplateMessage(name="aviso", language="es", header=[Parameter(text="x" * 61)]),
        "template.components.header.text",
    ),
    (TemplateMessage(name="aviso", language="es", body=[Parameter()]), "template.components.body"),
    (
        TemplateMessage(name="aviso", language="es", body=[Parameter(text="a", name="n"), Parameter(text="b")]),
        "template.components.body",
    ),
    (
        TemplateMessage(name="aviso", language="es", body=[Parameter(text="a", name="Nombre!")]),
        "template.components.body.parameter_name",
    ),
    (
        TemplateMessage(name="aviso", language="es", buttons=[TemplateButton(index=10, kind="url", value="x")]),
        "template.components.button.index",
    ),
    (
        TemplateMessage(name="aviso", language="es", buttons=[TemplateButton(index=0, kind="url", value="")]),
        "template.components.button.parameters",
    ),
]


@pytest.mark.parametrize(("outgoing", "field"), INVALID)
def test_what_meta_would_refuse_is_refused_here_by_field(outgoing: Outgoing, field: str) -> None:
    with pytest.raises(Invalid) as refused:
        request(outgoing, ANA, opaque=None, reply_to=None)

    assert refused.value.field == field


@pytest.mark.parametrize(
    ("to", "opaque", "reply_to", "field"),
    [
        (Person(), None, None, "to"),
        (Person("bla"), None, None, "to"),
        (Person("٣٣٣"), None, None, "to"),
        (Person(None, "PE.\n1"), None, None, "recipient"),
        (ANA, "ñ", None, "biz_opaque_callback_data"),
        (ANA, "x" * 513, None, "biz_opaque_callback_data"),
        (ANA, None, "", "context.message_id"),
    ],
)
def test_an_address_or_a_reference_that_cannot_be_is_refused(
    to: Person, opaque: str | None, reply_to: str | None, field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        request(Text("Hola"), to, opaque=opaque, reply_to=reply_to)

    assert refused.value.field == field


def test_a_reaction_quotes_nothing() -> None:
    with pytest.raises(Invalid):
        request(Reaction("wamid.1", "👍"), ANA, opaque=None, reply_to="wamid.2")


@given(st.text(), st.text())
def test_any_text_is_sent_as_written_or_refused(body: str, title: str) -> None:
    for outgoing in (Text(body), Buttons(body=body, buttons=[Button("a", title)])):
        try:
            wire = request(outgoing, ANA, opaque=None, reply_to=None)
        except Invalid:
            continue
        sent = json.loads(json.dumps(wire).encode())
        assert body in (sent.get("text", {}).get("body"), sent.get("interactive", {}).get("body", {}).get("text"))
