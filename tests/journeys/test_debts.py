"""What moves a debt is on every open screen that may see it within a second: row, head, panel, tags and counts."""

from __future__ import annotations

import re
from datetime import timedelta

from sqlalchemy import select, update

from console import clock
from console.agents import Team, Viewer
from console.audit import SYSTEM
from console.inbox import tagging
from console.inbox.models import Conversation
from console.inbox.tags import Tag
from console.portfolio import midnight, rules
from console.portfolio.models import Account, Invoice
from console.portfolio.standing import recompute
from tests.conftest import Moment
from tests.front import Front, Wire
from tests.inbox import meta
from tests.journeys.test_living_line import queries_of, wrote
from tests.portfolio.debts import Debt, a_debtor

AT_ONCE = 1.0


async def owes(front: Front, *, days: int = 45, phone: str = meta.MARIA, many: int = 1) -> Debt:
    async with front.console.db.reading() as tx:
        team = (await tx.scalars(select(Team.id).where(Team.name == "Cobranza"))).one()
    today = clock.now().date()
    bills = [(f"C-{number}", today - timedelta(days=days), 31800) for number in range(many)]
    return await a_debtor(front.console.db, team, phone=phone, invoices=bills)


async def pays(front: Front, debt: Debt) -> None:
    async with front.console.db.transaction() as tx:
        await tx.execute(update(Invoice).where(Invoice.account_id == debt.account_id).values(balance_minor=0))
        await recompute(tx, [debt.account_id], by=SYSTEM, moment=clock.now())


async def all_of(wire: Wire, *pieces: str) -> str:
    """Everything heard until all of these were, which must be at once."""
    heard = ""
    while not all(re.search(piece, heard, re.DOTALL) for piece in pieces):
        heard += (await wire.hear(AT_ONCE)).html + "\n"
    return heard


async def test_a_debt_and_its_payment_are_on_every_part_of_an_open_screen_within_a_second(front: Front) -> None:
    ana, stranger = await front.agent("Ana"), await front.agent("Beto", team="Mora judicial")
    number = await wrote(front)
    async with ana.live(opened=number) as hers, stranger.live() as his:
        debt = await owes(front)
        await all_of(
            hers,
            rf'id="row-{number}".*Vencido 31-60.*318\.00',
            rf'id="header-{number}".*Vencido 31-60',
            rf'id="owed-{number}".*318\.00',
            rf'id="tags-{number}".*Vencido 31-60',
            rf'id="history-{number}".*Etiqueta cambió a Vencido 31-60',
            r'data-count="late_2">1<',
        )
        await pays(front, debt)
        await all_of(
            hers,
            rf'id="row-{number}".*Al día',
            rf'id="header-{number}".*Al día',
            rf'id="owed-{number}".*Todo pagado',
            r'data-count="late_2">0<',
            r'data-count="current">1<',
        )
        await his.say(t="ping")
        await his.until(lambda frame: "pong" in frame.control)
        assert not any(f"-{number}" in frame.html for frame in his.heard)
    assert "Todo pagado" in await ana.see(f"/inbox/{number}")


async def test_a_list_of_one_state_gains_and_loses_what_comes_and_goes(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    async with ana.live(view="late_2") as late, ana.live(view="current") as settled:
        debt = await owes(front)
        await late.shows(f'id="row-{number}"', AT_ONCE)
        await pays(front, debt)

        await late.until(lambda frame: f"row-{number}" in frame.control.get("remove", []), AT_ONCE)
        await settled.shows(f'id="row-{number}"', AT_ONCE)


async def test_a_filtered_list_is_kept_to_its_filters(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    async with ana.socket() as socket:
        wire = Wire(socket)
        await wire.say(t="hello", head=0, view="all", filters="amount_from=300.00&days_from=40")
        await wire.until(lambda frame: "caught_up" in frame.control)
        debt = await owes(front)
        await wire.shows(f'id="row-{number}"', AT_ONCE)
        await pays(front, debt)
        await wire.until(lambda frame: f"row-{number}" in frame.control.get("remove", []), AT_ONCE)
        await wire.say(t="view", view="all", filters="amount_from=mucho")
        await wire.until(lambda frame: frame.control.get("error") == "invalid", AT_ONCE)


async def test_midnight_moves_the_tag_on_an_open_screen(front: Front, moment: Moment) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    debt = await owes(front, days=0)
    async with front.console.db.reading() as tx:
        turns = await tx.scalar(select(Account.next_change_at).where(Account.id == debt.account_id))
    assert turns is not None
    async with ana.live(opened=number) as wire:
        moment.is_(turns)
        async with front.console.db.transaction() as tx:
            await midnight.turn(tx, clock.now())
        await all_of(wire, rf'id="row-{number}".*Vencido 1-30', r'data-count="late_1">1<')


async def test_a_tag_is_on_the_screens_of_colleagues_and_its_new_name_has_them_read_again(front: Front) -> None:
    rosa = await front.agent("Rosa", role="supervisor")
    ana = await front.agent("Ana")
    number = await wrote(front)
    by = Viewer(id=rosa.id, name="Rosa", role="supervisor", team_ids=frozenset())
    async with front.console.db.transaction() as tx:
        tag = (await tagging.create(tx, by=by, name="Paga por Yape")).id
    async with ana.live(opened=number) as wire:
        answer = await rosa.do(f"/inbox/{number}/tags", had="", **{f"tag.{tag}": "1"})
        assert answer.status_code == 200
        await all_of(wire, rf'id="row-{number}".*Paga por Yape', rf'id="tags-{number}".*Paga por Yape')

        answer = await rosa.http.post(
            f"/settings/tags/{tag}",
            data={"name": "Yape", "colour": "blue", "description": "", "team": ""},
            headers={"origin": front.address},
        )
        assert answer.status_code == 303
        await wire.until(lambda frame: "list" in frame.control.get("reload", []), AT_ONCE)
    assert 'c-blue"' in await ana.see("/inbox?view=all")
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Tag, tag)).used == 1


async def test_other_edges_have_every_screen_read_again(front: Front) -> None:
    rosa = await front.agent("Rosa", role="supervisor")
    number = await wrote(front)
    await owes(front)
    by = Viewer(id=rosa.id, name="Rosa", role="supervisor", team_ids=frozenset())
    async with rosa.live(opened=number) as wire:
        async with front.console.db.transaction() as tx:
            await rules.change(tx, by=by, typed={"first_edge": "50"}, currency="PEN", version=None, moment=clock.now())
        await wire.until(lambda frame: "list" in frame.control.get("reload", []), AT_ONCE)
        await wire.shows("Vencido 1-50", 3)
    async with front.console.db.reading() as tx:
        assert (await tx.get_one(Conversation, number)).account_state == "late_1"


async def test_pages_cost_the_same_queries_whatever_is_owed(front: Front) -> None:
    ana = await front.agent("Ana")
    number = await wrote(front)
    await owes(front)
    paths = ["/inbox?view=late_2", "/inbox?view=all&days_from=1", f"/inbox/{number}", "/portfolio"]
    few = [await queries_of(front, ana, path) for path in paths]

    for other in range(12):
        phone = f"519440{other:05}"
        await wrote(front, sender=phone)
        await owes(front, phone=phone)
    await owes(front, many=30)

    assert [await queries_of(front, ana, path) for path in paths] == few
