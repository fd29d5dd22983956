"""Which of several accounts was meant: tapped, named, or by its place in the list. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from console.bots import balances, planning, promising
from console.bots.decision import Turn, forgotten
from console.bots.facts import AccountFact
from console.portfolio import said

_ORDINALS = ("primer", "segund", "tercer", "cuart", "quint")
_WORDS = re.compile(r"[a-z0-9]+")
_ALL = re.compile(
    r"\W*(?:(?:de|para|por|si|pues)\s+)*(?:ambas|ambos|tod[oa]s|l[oa]s\s+(?:dos|tres|cuatro|cinco))(?:\s+(?:las\s+)?"
    r"(?:cuentas|deudas))?(?:\s+por\s+favor)?\W*"
)
_SHORT = 2
_ANY = frozenset({"banco", "caja", "financiera", "cuenta", "grupo", "compania", "empresa"})
"""What many creditors and products are called: it tells nobody from another."""
_PLACE = re.compile(rf"(?:^|\b(?:la|el|del)\s+)({'|'.join(_ORDINALS)})[ao]?\b|\bla\s+(?:numero\s+)?([1-9])\b(?!\s*/)")
"""Where in the list: "la primera", "de la segunda", "la 2"."""


def an_account(turn: Turn) -> bool:
    """The answer to which account; False when it was about something else."""
    if turn.person is not None and _ALL.fullmatch(said.fold(turn.heard.text)):
        _all_of_them(turn)
        return True
    chosen = _chosen(turn, turn.person.accounts if turn.person is not None else ())
    if chosen is None:
        return False
    wish = turn.memory.choosing_for
    turn.remember(
        asking=None, choosing_for=None, draft=msgspec.structs.replace(turn.memory.draft, account_id=chosen.id)
    )
    if wish == "payment_link":
        balances.link_for(turn, chosen)
    elif wish == "payment_plan":
        planning.wished(turn)
    else:
        promising.wished(turn)
    return True


def _all_of_them(turn: Turn) -> None:
    """Links for each are given at once; to agree on several at once is a person's."""
    wish = turn.memory.choosing_for
    turn.remember(asking=None, choosing_for=None)
    if wish == "payment_link" and balances.links_for_all(turn):
        return
    turn.action = turn.action or "hand_over"
    turn.say("plan_persona", **balances.when_open(turn.facts))
    turn.memory = forgotten(turn.memory)
    turn.need_person("plan")


def _chosen(turn: Turn, accounts: Sequence[AccountFact]) -> AccountFact | None:
    offered = [account for account in accounts if account.balance_minor > 0 and not account.is_disputed]
    for choice in turn.heard.choices:
        kind, _dot, number = choice.partition(".")
        if kind == "cuenta":
            # Paid or contested since the list was shown: no longer one to choose.
            return next((account for account in offered if str(account.id) == number), None)
    text = turn.heard.text.strip().rstrip(".)")
    if text.isdigit() and 1 <= int(text) <= len(offered):
        return offered[int(text) - 1]
    if (place := _place(said.fold(text))) is not None:
        return offered[place] if place < len(offered) else None
    named = [account for account in offered if balances.is_named(account, turn.heard.text)]
    named = named or _by_kind(offered, text)
    return named[0] if len(named) == 1 else None


def _by_kind(offered: Sequence[AccountFact], text: str) -> list[AccountFact]:
    """Those of the kind or the creditor that is named: "la tarjeta", "la del Banco Andino"."""
    told = set(_WORDS.findall(said.fold(text)))
    return [
        account
        for account in offered
        if any(words and words <= told for words in (_kind(account.product), _kind(account.creditor)))
    ]


def _kind(name: str) -> set[str]:
    """The word by which people call a product or a creditor: the first long one ("Tarjeta Oro": the card)."""
    words = [word for word in _WORDS.findall(said.fold(name)) if len(word) > _SHORT and word not in _ANY]
    return set(words[:1])


def _place(words: str) -> int | None:
    """Counted from 0; None where no place is named, or more than one."""
    found = {_ORDINALS.index(each[1]) if each[1] else int(each[2]) - 1 for each in _PLACE.finditer(words)}
    return found.pop() if len(found) == 1 else None
