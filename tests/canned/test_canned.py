"""Canned text: whose it is, what it says to whom, and what of it never goes out."""

from __future__ import annotations

import html
import re
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from console.audit import AuditEntry
from console.canned.models import CannedText, CannedUse
from console.inbox.contacts import Contact
from console.portfolio.models import ContactPoint
from tests.conftest import Moment
from tests.front import Front, Person, a_console, settings_for
from tests.inbox import meta
from tests.journeys.test_living_line import queries_of
from tests.portfolio.debts import Debt, a_debtor

BODY = "{saludo}, {nombre|cliente}. Su cuota de {cuota} venció el {vencimiento}, hace {dias} días. {agente}, {empresa}."


@pytest.fixture
async def front(database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    async with a_console(settings_for(database_url, tmp_path)) as front:
        yield front


async def a_debt(front: Front, *, is_verified: bool = True, **more: Any) -> Debt:
    """María, who owes since fifteen days, has written; conversation 1."""
    await front.webhook(meta.body(meta.text("Hola, ¿cuánto debo?")))
    more.setdefault("invoices", [("C-1", date(2026, 11, 5), 41250)])
    debt = await a_debtor(front.console.db, 1, phone=meta.MARIA, **more)
    if is_verified:
        async with front.console.db.transaction() as tx:
            await tx.execute(update(ContactPoint).values(verified_at=ContactPoint.created_at))
    return debt


async def make(person: Person, name: str = "Aviso", body: str = BODY, scope: str = "own", folder: str = "") -> Any:
    return await person.do("/settings/canned", name=name, body=body, scope=scope, folder=folder)


async def offered(person: Person, conversation: int = 1) -> list[tuple[str, str]]:
    """What `/` offers: (name, text)."""
    shown = await person.see(f"/inbox/{conversation}/canned-texts")
    found = re.findall(r'data-text="([^"]*)"><b dir="auto">([^<]*)</b>', shown)
    # What keeps an amount on one line is no letter of it.
    return [(html.unescape(name), html.unescape(text).replace("\xa0", " ")) for text, name in found]


async def test_it_is_offered_with_the_debtors_own_data_in_it(front: Front) -> None:
    ana = await front.agent("Ana Ríos")
    await a_debt(front)
    assert (await make(ana)).status_code == 303

    assert await offered(ana) == [
        (
            "Aviso",
            (
                "Buenos días, María. Su cuota de S/ 412.50 venció el 5 de noviembre, hace 15 días. "
                "Ana Ríos, Financiera Andes."
            ),
        ),
    ]


async def test_nothing_of_the_debt_is_filled_in_until_somebody_knows_who_answers(front: Front) -> None:
    ana = await front.agent("Ana")
    await a_debt(front, is_verified=False)
    await make(ana, body="{nombre}: {saldo}, cuenta {cuenta}")

    ((_name, before),) = await offered(ana)
    assert before == "María: {saldo}, cuenta {cuenta}"
    assert "Falta confirmar que responde el titular" in await ana.see("/inbox/1/canned-texts")
    answer = await ana.do("/inbox/1/right-party")

    assert answer.status_code == 200
    ((_name, after),) = await offered(ana)
    assert re.fullmatch(r"María: S/ 412\.50, cuenta PR-\d+", after)
    await ana.do("/inbox/1/right-party")
    async with front.console.db.reading() as tx:
        entries = await tx.scalars(select(AuditEntry).where(AuditEntry.action == "contact.verified"))
        assert [entry.conversation_id for entry in entries] == [1]
    assert "confirmó que responde el titular" in await ana.see("/inbox/1")


async def test_a_doubt_about_who_answers_holds_the_debt_back_again(front: Front) -> None:
    ana = await front.agent("Ana")
    await a_debt(front)
    await make(ana, body="{saldo}")
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Contact).values(identity_doubt_at=Contact.created_at))

    assert await offered(ana) == [("Aviso", "{saldo}")]
    assert (await ana.do("/inbox/1/right-party")).status_code == 409


async def test_of_two_people_at_one_number_neither_is_told_what_the_other_owes(front: Front) -> None:
    ana = await front.agent("Ana")
    await a_debt(front, is_verified=False)
    await a_debtor(
        front.console.db, 1, phone=meta.MARIA, name="Pedro Ccori", invoices=[("C-2", date(2026, 11, 5), 900)]
    )
    await make(ana, body="{saldo}")

    assert await offered(ana) == [("Aviso", "{saldo}")]
    refused = await ana.do("/inbox/1/right-party")
    assert (refused.status_code, refused.json()["code"]) == (409, "several_debtors")
    assert "varias personas" in await ana.see("/inbox/1/canned-texts")


async def test_picking_an_ending_in_which_the_debtor_spoke_says_who_answers(front: Front) -> None:
    ana = await front.agent("Ana")
    await a_debt(front, is_verified=False)

    assert (await ana.do("/inbox/1/resolution", disposition="CD-CON")).status_code == 200

    async with front.console.db.reading() as tx:
        assert await tx.scalar(select(ContactPoint.verified_at)) is not None


@pytest.mark.parametrize("text", ["Debe {saldo}", "Hola {nombre|cliente}", "Hola {{1}}"])
async def test_a_reply_with_a_blank_in_it_is_refused_and_nothing_is_queued(front: Front, text: str) -> None:
    ana = await front.agent("Ana")
    await a_debt(front)

    answer = await ana.reply(1, text)

    assert (answer.status_code, answer.headers["x-refused"]) == (422, "unfilled_variable")
    assert "Falta completar" in answer.text
    assert text not in await ana.see("/inbox/1/messages?before=99")
    # Among colleagues the same words are no mistake.
    noted = await ana.do("/inbox/1/notes", text=text, client_key="k" * 20)
    assert noted.status_code == 201


async def test_whose_it_is_decides_who_sees_and_who_changes_it(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara = await front.agent("Sara", role="supervisor")
    beto = await front.agent("Beto", team="Mora judicial")
    await a_debt(front)
    await make(ana, "De Ana", "Uno", "own")
    assert (await make(ana, "Del equipo", "Dos", "team:1")).status_code == 403
    assert (await make(sara, "Del equipo", "Dos", "team:1")).status_code == 303
    assert (await make(sara, "De todos", "Tres", "all")).status_code == 303
    assert (await make(sara, "De otros", "Cuatro", "team:2")).status_code == 403

    assert {name for name, _text in await offered(ana)} == {"De Ana", "Del equipo", "De todos"}
    assert {name for name, _text in await offered(luz)} == {"Del equipo", "De todos"}
    seen = await beto.see("/settings/canned")
    assert "De todos" in seen
    assert "Del equipo" not in seen
    assert "De Ana" not in seen
    async with front.console.db.reading() as tx:
        ids = {row.name: row.id for row in await tx.scalars(select(CannedText))}
    assert (await beto.do(f"/settings/canned/{ids['Del equipo']}", name="x", body="x")).status_code == 404
    assert (await luz.do(f"/settings/canned/{ids['De Ana']}/retirement")).status_code == 404
    assert (await luz.do(f"/settings/canned/{ids['De todos']}", name="x", body="x")).status_code == 403
    assert (await beto.do(f"/inbox/1/canned-texts/{ids['De todos']}/uses")).status_code == 404


async def test_what_one_uses_most_is_offered_first(front: Front) -> None:
    ana, luz = await front.agent("Ana"), await front.agent("Luz")
    sara = await front.agent("Sara", role="supervisor")
    await a_debt(front)
    for name in ("Alfa", "Beta", "Gama"):
        await make(sara, name, "texto", "all")
    async with front.console.db.reading() as tx:
        ids = {row.name: row.id for row in await tx.scalars(select(CannedText))}

    for person, name in ((ana, "Gama"), (ana, "Gama"), (ana, "Beta"), (luz, "Beta"), (luz, "Beta")):
        assert (await person.do(f"/inbox/1/canned-texts/{ids[name]}/uses")).status_code == 204

    assert [name for name, _text in await offered(ana)] == ["Gama", "Beta", "Alfa"]
    assert [name for name, _text in await offered(luz)] == ["Beta", "Gama", "Alfa"]
    async with front.console.db.reading() as tx:
        counted = {(row.agent_id, row.canned_id): row.n for row in await tx.scalars(select(CannedUse))}
    assert counted[ana.id, ids["Gama"]] == 2


async def test_changing_and_retiring_are_on_record_without_the_words(front: Front) -> None:
    sara = await front.agent("Sara", role="supervisor")
    await make(sara, "Aviso", "secreto uno", "all", folder="Mora")
    await sara.do("/settings/canned/1", name="Aviso", body="secreto dos", folder="Mora")
    await sara.do("/settings/canned/1/retirement")
    assert (await make(sara, "AVISO", "secreto tres", "all")).status_code == 303

    async with front.console.db.reading() as tx:
        entries = list(await tx.scalars(select(AuditEntry).where(AuditEntry.subject == "canned_text:1")))
    told = [entry.action.partition(".")[2] for entry in entries]
    assert told == ["created", "updated", "retired", "created"]
    assert not [entry for entry in entries if "secreto" in f"{entry.old}{entry.new}"]


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ({"name": ""}, "Escriba un nombre"),
        ({"name": "x" * 61}, "Escriba un nombre"),
        ({"body": ""}, "Escriba el texto"),
        ({"body": "x" * 3001}, "Escriba el texto"),
        ({"body": "Debe {saldoo}"}, "No existe la variable «{saldoo}»"),
        ({"folder": "x" * 41}, "Escriba una carpeta"),
        ({"scope": "everybody"}, "Diga para quién es"),
        ({"name": "aviso"}, "Ya existe «Aviso»"),
    ],
)
async def test_bad_input_names_its_field_and_keeps_what_was_typed(
    front: Front, typed: dict[str, str], says: str
) -> None:
    ana = await front.agent("Ana")
    await make(ana, "Aviso", "Hola")

    answer = await make(ana, **{"name": "Otro", "body": "Hola <b>", "scope": "own", "folder": "Mía", **typed})

    assert answer.status_code in {409, 422}
    assert says in html.unescape(answer.text)
    for field, value in {"body": "Hola <b>", "folder": "Mía", **typed}.items():
        assert field == "scope" or html.escape(value) in answer.text
    async with front.console.db.reading() as tx:
        assert [row.name for row in await tx.scalars(select(CannedText))] == ["Aviso"]


async def test_the_list_costs_the_same_for_one_text_and_for_many(front: Front) -> None:
    ana = await front.agent("Ana")
    await a_debt(front)
    await make(ana, "Uno", BODY)
    one = await queries_of(front, ana, "/inbox/1/canned-texts")
    for number in range(10):
        await make(ana, f"Otro {number}", BODY)

    assert len(await offered(ana)) == 11
    assert await queries_of(front, ana, "/inbox/1/canned-texts") == one


async def test_a_program_lists_what_is_shared(front: Front) -> None:
    ana = await front.agent("Ana")
    sara = await front.agent("Sara", role="supervisor")
    await make(ana, "De Ana", "privado")
    await make(sara, "Aviso", BODY, "team:1", folder="Mora")
    token = await _token(front)

    answer = await front.outside.get("/api/v1/canned-responses", headers={"authorization": f"Bearer {token}"})

    (item,) = answer.json()["items"]
    assert (item["name"], item["folder"], item["text"], item["team"]) == ("Aviso", "Mora", BODY, "1")
    assert item["variables"] == ["saludo", "nombre", "cuota", "vencimiento", "dias", "agente", "empresa"]
    assert (item["used"], item["active"]) == (0, True)
    assert "privado" not in answer.text


async def _token(front: Front) -> str:
    from console import clock, sessions  # noqa: PLC0415 only here
    from console.agents import ApiToken  # noqa: PLC0415 only here

    async with front.console.db.transaction() as tx:
        hashed = sessions.hash_of("a-token")
        tx.add(ApiToken(name="x", token_hash=hashed, scopes=["catalogues:read"], created_at=clock.now()))
    return "a-token"
