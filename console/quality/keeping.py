"""What a review asks: the form in force, and a new version of it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgresql_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert

from console import audit, clock
from console.agents import Viewer
from console.db import Tx, dialect_of
from console.errors import Refused
from console.inbox import policy
from console.languages.words import Words
from console.quality.models import QualityForm
from console.quality.scoring import Criterion, asked

MOST_A_WEEK = 20
LONGEST_REST = 104
"""Weeks: two years."""
HEAVIEST = 100
LONGEST_LABEL, LONGEST_GUIDE = 60, 200


async def form_in_force(tx: Tx) -> QualityForm:
    """The newest version."""
    return (await tx.scalars(select(QualityForm).order_by(QualityForm.version.desc()).limit(1))).one()


def criteria_of(form: QualityForm) -> list[Criterion]:
    """What a form asks and how much each weighs, those without weight included."""
    return msgspec.convert(form.criteria, list[Criterion])


async def set_form(
    tx: Tx, *, by: Viewer, based_on: int, per_week: int, rest_weeks: int, criteria: Sequence[Criterion]
) -> bool:
    """Let reviews ask this from now on; say whether that differs from version `based_on`. Old scores keep their form.

    Records "quality.form_updated", with what it said before.
    Refuses: 403; 409 "stale" when somebody else changed it since; 422 naming per_week, rest_weeks, or label_,
    guide_ or weight_ and the criterion.
    """
    policy.require(by, "edit_quality")
    _check(per_week, rest_weeks, criteria)
    form = await form_in_force(tx)
    old, new = (
        {"per_week": size, "rest_weeks": rest, "criteria": [msgspec.to_builtins(one) for one in these]}
        for size, rest, these in (
            (form.per_week, form.rest_weeks, criteria_of(form)),
            (per_week, rest_weeks, criteria),
        )
    )
    if form.version != based_on:
        raise _stale()
    if old == new:
        return False
    insert = sqlite_insert if dialect_of(tx) == "sqlite" else postgresql_insert
    version = {"version": based_on + 1, "created_by": by.id, "created_at": clock.now()}
    adding = insert(QualityForm).values(**version, **new).on_conflict_do_nothing(index_elements=["version"])
    if (await tx.scalars(adding.returning(QualityForm.version))).one_or_none() is None:
        raise _stale()
    audit.record(tx, by.actor, "quality.form_updated", subject=f"quality_form:{based_on + 1}", old=old, new=new)
    return True


def _check(per_week: int, rest_weeks: int, criteria: Sequence[Criterion]) -> None:
    if not 1 <= per_week <= MOST_A_WEEK:
        raise Refused(
            422,
            Words("Escriba de 1 a {most_a_week} conversaciones.", most_a_week=MOST_A_WEEK),
            code="invalid",
            field="per_week",
        )
    if not 1 <= rest_weeks <= LONGEST_REST:
        raise Refused(
            422,
            Words("Escriba de 1 a {longest_rest} semanas.", longest_rest=LONGEST_REST),
            code="invalid",
            field="rest_weeks",
        )
    for one in criteria:
        if not 1 <= len(one.label) <= LONGEST_LABEL:
            said = Words("Escriba un nombre de hasta {longest_label} letras.", longest_label=LONGEST_LABEL)
            raise Refused(422, said, code="invalid", field=f"label_{one.key}")
        if len(one.guide) > LONGEST_GUIDE:
            said = Words("Escriba hasta {longest_guide} letras.", longest_guide=LONGEST_GUIDE)
            raise Refused(422, said, code="invalid", field=f"guide_{one.key}")
        if not 0 <= one.weight <= HEAVIEST:
            said = Words("Escriba un peso de 0 a {heaviest}.", heaviest=HEAVIEST)
            raise Refused(422, said, code="invalid", field=f"weight_{one.key}")
    if not asked(criteria):
        said = Words("Al menos un criterio debe tener peso.")
        raise Refused(422, said, code="invalid", field=f"weight_{criteria[0].key}")


def _stale() -> Refused:
    return Refused(409, Words("Otra persona cambió la pauta: recargue la página y vuelva a intentarlo."), code="stale")
