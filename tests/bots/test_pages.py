"""The bot's pages: seen and steered by who leads the team; tried out with nothing sent; its words and manners kept."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from console.agents import Team
from console.audit import AuditEntry
from console.bots import teaching
from console.bots.models import BotRules, BotStep
from console.bots.runner import Bot
from console.bots.training.phrases import read_file
from console.inbox.models import Conversation, Message
from tests.bots.night import DOCUMENT, EVENING, LATE
from tests.conftest import Moment
from tests.front import Front, a_console, settings_for
from tests.inbox import meta
from tests.portfolio.debts import Debt, a_debtor


@pytest.fixture
async def front(sqlite_database_url: str, tmp_path: Path, moment: Moment) -> AsyncIterator[Front]:
    moment.is_(EVENING)
    async with a_console(settings_for(sqlite_database_url, tmp_path, bot=False)) as front:
        yield front


async def maria(front: Front, team: str = "Cobranza") -> Debt:
    async with front.console.db.reading() as tx:
        team_id = (await tx.scalars(select(Team.id).where(Team.name == team))).one()
    return await a_debtor(
        front.console.db,
        team_id,
        phone=meta.MARIA,
        name="María Fernanda Ccori",
        document=DOCUMENT,
        birth_year=1991,
        invoices=LATE,
    )


async def talks(front: Front, moment: Moment, *texts: str) -> None:
    bot = Bot(front.console.db, front.console.settings, None, None)
    await bot.listen()
    for text in texts:
        await front.webhook(meta.body(meta.text(text)))
        await bot.listen()
        moment.passes(seconds=4)
        while await bot.answer_due():
            pass


async def test_a_dialogue_is_seen_step_by_step_and_taken_over(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    await maria(front)
    await talks(front, moment, "Buenas noches cuánto debo", "7304 1991")

    page = await elena.see("/bot")
    assert "Pregunta su saldo" in page
    assert "Confirmó la identidad" in page
    assert "412.50" in page
    assert "1 de 1" in page  # told to who proved to be there, and to nobody else

    assert "Paso <b>1</b> de 2" in page
    second = await elena.see("/bot?session=1&step=2")
    assert '<li id="step-2" aria-current="step">' in second
    assert "Paso <b>2</b> de 2" in await elena.see("/bot?session=1&step=99")
    assert (await elena.http.get("/bot?session=1&step=uno")).status_code == 422

    number = (re.findall(r"/bot/sessions/(\d+)/takeover", page))[0]
    assert (await elena.do(f"/bot/sessions/{number}/takeover")).headers["location"] == "/inbox/1"
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Conversation, 1)).holder_id == elena.id


async def test_who_leads_another_team_sees_and_takes_nothing(front: Front, moment: Moment) -> None:
    await front.agent("Elena", role="admin")
    luz = await front.agent("Luz", role="supervisor", team="Mora")
    await maria(front)
    await talks(front, moment, "Buenas noches cuánto debo")

    assert "Ccori" not in await luz.see("/bot")
    assert "Ccori" not in await luz.see("/bot/parts")
    assert "Ccori" not in await luz.see("/bot/try")
    assert (await luz.http.get("/bot?session=1")).status_code == 404
    assert (await luz.do("/bot/sessions/1/takeover")).status_code == 404
    assert (await luz.do("/bot/phrases/1", balance="1")).status_code == 404
    assert (await luz.do("/bot/pause", team="1", **{"for": "hour"})).status_code == 403
    assert (await luz.do("/bot/settings", team="1")).status_code == 403
    tried = await luz.do("/bot/try", debtor="1", text="cuánto debo")
    assert tried.status_code == 422


async def test_a_rule_is_named_in_spanish_wherever_somebody_sees_it(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    await talks(front, moment, "los voy a denunciar a indecopi")
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry.id).where(AuditEntry.action == "bot.understood"))).one()

    assert "<b>nombra a un regulador</b>" in await elena.see("/bot")
    assert "<b>nombra a un regulador</b>" in (await elena.do("/bot/try", text="los denuncio a indecopi")).text
    page = await elena.see(f"/audit?entry={entry}")
    assert "El asistente entendió: presenta una queja (regla: nombra a un regulador)" in page
    assert "<ins>nombra a un regulador</ins>" in page
    assert "presenta una queja (regla: nombra a un regulador)" in await elena.see("/inbox/1/history")


async def test_a_team_s_bot_is_paused_and_speaks_again(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")

    assert (await elena.do("/bot/pause", team="1", **{"for": "hour"})).status_code == 303
    assert "en pausa hasta" in await elena.see("/bot")
    async with front.console.db.reading() as tx:
        paused = (await tx.get_one(BotRules, 1)).paused_until
    assert paused is not None
    assert (paused - moment.now).total_seconds() == 3600

    await elena.do("/bot/pause", team="1")
    assert "atiende" in await elena.see("/bot")
    assert (await elena.do("/bot/pause", team="1", **{"for": "ever"})).status_code == 422


async def test_a_phrase_it_did_not_grasp_is_labelled_and_can_be_learnt_from(
    front: Front, moment: Moment, tmp_path: Path
) -> None:
    elena, iris = await front.agent("Elena", role="admin"), await front.agent("Iris", role="supervisor")
    await maria(front)
    await talks(front, moment, "xq zq wv 45127304")
    async with front.console.db.transaction() as tx:
        (await tx.scalars(select(BotStep))).one().is_unclear = True
    assert "xq zq wv" in await elena.see("/bot")

    for wrong in ({"nonsense": "1"}, {}, {"balance": "1", "other": "1"}):
        refused = await elena.do("/bot/phrases/1", **wrong)
        assert (refused.status_code, refused.json().get("field")) == (422, "labels")
    left = await elena.do("/bot/phrases/1", payment_link="1", balance="1")
    assert (left.status_code, "Entendió todo" in left.text) == (200, True)
    assert (await elena.do("/bot/phrases/1", payment_link="1", balance="1")).status_code == 200  # said twice, kept once
    assert (await iris.do("/bot/phrases/1", hours="1")).json()["code"] == "already_labelled"

    file = (await elena.http.get("/bot/phrases.tsv")).text
    assert file == "text\tlabels\tcountry\nxq zq wv 00000000\tpayment_link,balance\tPE\n"  # nobody's document
    learnt = tmp_path / "frases.tsv"
    learnt.write_text(file, encoding="utf-8")
    (phrase,) = read_file(learnt)
    assert phrase.labels == ("payment_link", "balance")
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "bot.phrase_labelled"))).one()
    assert '"labels":["payment_link","balance"]' in (entry.new or "")
    assert "Etiquetada: Quiere un enlace de pago, Pregunta su saldo" in await elena.see("/bot")


async def test_all_that_was_not_grasped_is_listed_page_by_page_and_labelled_there(
    front: Front, moment: Moment, monkeypatch: pytest.MonkeyPatch
) -> None:
    elena = await front.agent("Elena", role="admin")
    luz = await front.agent("Luz", role="supervisor", team="Mora")
    monkeypatch.setattr(teaching, "A_PAGE", 2)
    await talks(front, moment, "xq uno", "xq dos", "xq tres", "xq cuatro", "xq cinco")
    async with front.console.db.transaction() as tx:
        for step in await tx.scalars(select(BotStep)):
            step.is_unclear = True

    assert '<a class="lnk" href="/bot/phrases">Ver todas</a>' in await elena.see("/bot")
    address, seen = "/bot/phrases", []
    while address:
        page = await elena.see(address)
        assert 'Frases por etiquetar <span class="num">5</span>' in page
        seen += re.findall(r"“(xq \w+)”", page)
        older = re.search(r'href="(/bot/phrases\?before=\d+)">Anteriores', page)
        address = older[1] if older else ""
    assert seen == ["xq cinco", "xq cuatro", "xq tres", "xq dos", "xq uno"]
    assert "xq" not in await luz.see("/bot/phrases")

    # Labelled where it stands: what comes back is that page, not the board's part.
    left = await elena.do("/bot/phrases/2?all=1&before=4", hours="1")
    assert re.findall(r"“(xq \w+)”", left.text) == ["xq tres", "xq uno"]
    plain = await elena.http.post(
        "/bot/phrases/1?all=1&before=4", data={"hours": "1"}, headers={"origin": front.address}
    )
    assert (plain.status_code, plain.headers["location"]) == (303, "/bot/phrases?before=4")
    page = await elena.see("/bot/phrases")
    assert "2 frases etiquetadas por personas" in page
    assert re.search(r"“xq dos”</p><p class=\"hint\">Pregunta el horario · <span dir=\"auto\">Elena", page)
    assert (await elena.http.get("/bot/phrases?before=999")).status_code == 404
    assert (await elena.http.get("/bot/phrases?before=x")).status_code == 422


async def test_what_means_none_of_it_is_learnt_from_too(front: Front, moment: Moment, tmp_path: Path) -> None:
    elena = await front.agent("Elena", role="admin")
    await talks(front, moment, "xq zq wv")
    async with front.console.db.transaction() as tx:
        (await tx.scalars(select(BotStep))).one().is_unclear = True

    plain = await elena.http.post("/bot/phrases/1", data={"other": "1"}, headers={"origin": front.address})
    assert (plain.status_code, plain.headers["location"]) == (303, "/bot#bot-phrases")  # without a script, too

    learnt = tmp_path / "frases.tsv"
    learnt.write_text((await elena.http.get("/bot/phrases.tsv")).text, encoding="utf-8")
    assert [phrase.labels for phrase in read_file(learnt)] == [("other",)]


async def test_the_page_hears_of_each_dialogue_and_each_team_s_lead_only_of_their_own(
    front: Front, moment: Moment
) -> None:
    sara = await front.agent("Sara", role="supervisor")
    luz = await front.agent("Luz", role="supervisor", team="Mora")
    ana = await front.agent("Ana")
    await maria(front)

    async with sara.live() as hers, luz.live() as elsewhere, ana.live() as agent:
        for wire in (hers, elsewhere, agent):
            await wire.say(t="bot")
        await hers.shows("no conversa con nadie")
        await elsewhere.shows("no conversa con nadie")
        await talks(front, moment, "Buenas noches cuánto debo")
        await hers.shows('id="session-1"')
        await hers.say(t="bot", session=1)
        await hers.shows('aria-current="true"')
        await sara.do("/bot/pause", team="1", **{"for": "hour"})
        await hers.shows("en pausa hasta")
        await sara.do("/bot/sessions/1/takeover")
        await talks(front, moment)
        await hers.shows("no conversa con nadie")

        await front.app.state.bot_board.show()
        for wire in (elsewhere, agent):
            await wire.say(t="ping")
            await wire.until(lambda frame: "pong" in frame.control)
        assert not any("Ccori" in frame.html or "en pausa" in frame.html for frame in elsewhere.heard)
        assert not any('id="bot-' in frame.html for frame in agent.heard)
        assert any(frame.control.get("error") == "forbidden" for frame in agent.heard)


async def test_the_bot_is_tried_as_any_debtor_at_any_time_and_nothing_is_sent(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    debt = await maria(front)
    who = {"debtor": str(debt.debtor_id), "at": "2026-11-22T02:15"}

    first = await elena.do("/bot/try", **who, text="buenas cuanto debo")
    assert first.status_code == 200
    assert "Pregunta su saldo" in first.text
    assert "412.50" not in first.text

    second = await elena.do("/bot/try", **who, said="buenas cuanto debo", text="7304 1991")
    assert "412.50" in second.text
    assert "Confirmó la identidad" in second.text
    async with front.console.db.reading() as tx:
        assert await tx.scalar(select(func.count()).select_from(Message)) == 0
        assert await tx.scalar(select(func.count()).where(AuditEntry.action.startswith("bot."))) == 0

    for wrong in (
        {"at": "mañana"},
        {"at": "9999-12-31T23:59"},
        {"at": "0001-01-01T00:00"},
        {"team": "99"},
        {"debtor": "99"},
        {"said": "\n".join("x" * 40)},
    ):
        assert (await elena.do("/bot/try", **{**who, **wrong})).status_code == 422


async def test_a_text_is_changed_shown_with_its_blanks_filled_and_given_back(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    where = {"key": "saludo", "tone": "cordial", "country": "PE"}

    bad = await elena.do("/bot/texts", **where, body="Hola {inventada}")
    assert bad.status_code == 422
    assert "{inventada}" in bad.text
    seen = await elena.do("/bot/texts", **where, body="Bienvenida a {empresa}", do="preview")
    assert "Bienvenida a Financiera Andes" in seen.text
    assert (await elena.do("/bot/texts", **where, body="Bienvenida a {empresa}")).status_code == 303
    page = await elena.see("/bot/texts?key=saludo&tone=cordial&country=PE")
    assert "Bienvenida a Financiera Andes" in page
    assert '<b dir="auto">v1</b>' in page

    await elena.do("/bot/texts", **where, do="file")
    assert "el texto original" in await elena.see("/bot/texts?key=saludo&tone=cordial&country=PE")
    assert (await elena.http.get("/bot/texts?key=nada")).status_code == 404


async def test_when_it_speaks_and_what_it_asks_is_a_teams_own_and_on_record(front: Front) -> None:
    elena = await front.agent("Elena", role="admin")
    page = await elena.see("/bot/settings?team=1")
    form = dict(re.findall(r'name="(\w+)" value="(\d+)"', page)) | {"mode": "always", "tone": "formal"}

    nobody = await elena.do("/bot/settings", **{**form, "document_last4": "0", "birth_year": "0"})
    assert nobody.status_code == 422
    assert 'id="questions-words"' in nobody.text
    form |= {"document_last4": "1", "birth_year": "1"}
    many = await elena.do("/bot/settings", **{**form, "tries": "99"})
    assert (many.status_code, 'id="tries-words"' in many.text) == (422, True)
    assert (await elena.do("/bot/settings", **form)).status_code == 303
    assert (await elena.do("/bot/settings", **form)).status_code == 409  # it has changed meanwhile
    async with front.console.db.reading() as tx:
        entry = (await tx.scalars(select(AuditEntry).where(AuditEntry.action == "bot.rules_changed"))).one()
    assert '"mode":"after_hours"' in (entry.old or "")
    assert '"mode":"always"' in (entry.new or "")


async def test_buttons_are_seen_as_on_the_phone_and_the_press_as_such(front: Front, moment: Moment) -> None:
    elena = await front.agent("Elena", role="admin")
    await maria(front)
    await talks(front, moment, "Buenas noches cuánto debo", "7304 1991")
    async with front.console.db.reading() as tx:
        said = (
            await tx.scalars(select(Message).where(Message.kind == "interactive", Message.direction == "out"))
        ).one()
    titles = [row["title"] for row in (said.content or {})["choices"]["buttons"]]

    page = await elena.see("/inbox/1")
    assert titles
    for title in titles:
        assert f'<span dir="auto">{title}</span></div>' in page

    pressed = {"id": "pagar", "title": titles[0]}
    await front.webhook(
        meta.body(
            meta.message("interactive", {"type": "button_reply", "button_reply": pressed}),
            meta.message("interactive", {"type": "list_reply", "list_reply": {**pressed, "title": "Crédito C-1"}}),
        )
    )
    page = await elena.see("/inbox/1")
    assert "Tocó un botón" in page
    assert "Eligió de la lista" in page
    assert "Crédito C-1" in page


@pytest.mark.parametrize("country", ["PE", "MX", "CO", "CL", "AR"])
async def test_each_helpline_is_shown_with_where_it_is_from_and_that_it_is_to_be_checked(
    front: Front, country: str
) -> None:
    elena = await front.agent("Elena", role="admin")

    page = await elena.see(f"/bot/texts?country={country}&key=ayuda")

    assert "Compruebe este número antes de usar el bot" in page
    assert re.search(r"Fuente del texto original: [^;]+ [a-z.]+\.(?:pe|mx|co|cl|ar)\b[^;]*; consultada el 30 nov", page)
    assert "Compruebe este número" not in await elena.see(f"/bot/texts?country={country}&key=saludo")
    assert "/bot/texts?key=ayuda" in await elena.see("/bot/settings")
