"""The bot's mind: from what it remembers, what it heard and the facts to what it says and does. Pure: nothing is sent.

Order is everything. Danger comes first, then whoever must not be spoken to, then what a mistake would harm; nothing
about a debt is said before the right party is known to be there.
"""

from __future__ import annotations

from collections.abc import Callable

from console.bots import balances, choosing, grave, guards, identifying, planning, promising, receiving, retracting
from console.bots.decision import Choice, Decision, Turn, forgotten
from console.bots.facts import AccountFact, Facts
from console.bots.memory import Asking, Heard, Memory

_TOLD = ("balance", "due_date", "payment_link")
_AGREED = ("promise_to_pay", "payment_plan")
PERSONAL = (*_TOLD, *_AGREED)
"""Wishes that are about somebody's debt: fulfilled once the right party is known. First what is told, then what is
agreed: that ends with a question, and a question comes last."""
_BESIDE_AN_ANSWER = frozenset({"balance", "due_date", "payment_link", "payment_methods", "hours", "human"})
"""What may be asked together with the answer to a question of ours ("sí, ¿y cuánto es?")."""
_ANSWERED = {
    Asking.PROMISE_DAY: promising.a_day,
    Asking.PROMISE_AMOUNT: promising.an_amount,
    Asking.PROMISE_CONFIRM: promising.confirmed,
    Asking.PLAN: planning.a_choice,
    Asking.PLAN_CONFIRM: planning.confirmed,
    Asking.ACCOUNT: choosing.an_account,
    Asking.LINK_AMOUNT: balances.an_amount_to_pay,
}
_FULFIL: dict[str, Callable[[Turn], None]] = {
    "promise_to_pay": promising.wished,
    "payment_plan": planning.wished,
    "balance": balances.balance,
    "due_date": balances.due_date,
    "payment_link": balances.link,
}
_MENU = (Choice("saldo", "boton_saldo"), Choice("pagar", "boton_pagar"), Choice("persona", "boton_persona"))


def decide(memory: Memory, heard: Heard, facts: Facts) -> Decision:
    """What the bot says and does about `heard`.

    Until the links it asks for are among the facts (or known to fail), the decision is not final: fetch, decide again.
    """
    turn = Turn(memory, heard, facts, parts=[], choices=[], deeds=[], links=[])
    labels = tuple(label for label in heard.labels if label not in {"greeting", "thanks", "other", "identity_answer"})
    turn.remember(asked=tuple(dict.fromkeys([*memory.asked, *labels])))
    if guards.stopped(turn):
        grave.heed(turn)
        return turn.decided()
    if heard.of_kind("edit"):
        turn.say("editado")
    gone = retracting.taken_back(turn)
    if not grave.handled(turn) and not _told_of_the_edit(turn, gone):
        _with_what_came(turn)
    if turn.parts:
        turn.remember(greeted=True)
    if turn.memory.misses == memory.misses:
        # Understood: what was not, before it, is no longer in a row.
        turn.remember(misses=0)
    turn.action = turn.action or "say_what_it_can_do"
    return turn.decided()


def _told_of_the_edit(turn: Turn, gone: tuple[AccountFact, ...]) -> bool:
    """What editing a message did to what had been agreed in it; whether there is nothing else to say."""
    if turn.facts.failed is not None:
        return False
    return retracting.told(turn, gone) if gone else retracting.stands(turn)


def _with_what_came(turn: Turn) -> None:
    """A file or a card has its word first; what was said with it is served like any other."""
    if facts_failed(turn):
        return
    more = receiving.acknowledged(turn)
    if more is None:
        _go_on(turn, set(turn.heard.labels))
    elif more:
        _go_on(turn, set(more))


def _go_on(turn: Turn, labels: set[str]) -> None:
    if turn.memory.asking == Asking.IDENTITY and identifying.answered(turn):
        labels |= set(turn.memory.wishes) or {"balance"}
        turn.remember(wishes=())
        if turn.person is not None:
            _fulfil(turn, labels)
        return
    if turn.stops:
        return
    if "already_paid" in labels and turn.memory.asking in promising.AGREEING:
        # "Sí, ya pagué" agrees to nothing.
        turn.memory = forgotten(turn.memory)
    answered = _ANSWERED.get(Asking(turn.memory.asking)) if turn.memory.asking else None
    if answered is not None and turn.person is not None and answered(turn):
        _what_waited(turn, labels & _BESIDE_AN_ANSWER)
        return
    if answered is not None and turn.person is None:
        # It was proved too long ago, or the number changed hands in between: from the beginning, with the wish kept.
        labels |= {"promise_to_pay"} if turn.memory.asking in promising.AGREEING else set()
    _wishes(turn, labels)


def facts_failed(turn: Turn) -> bool:
    """What was agreed could not be written down a moment ago: said, and left to a person."""
    if turn.facts.failed is None:
        return False
    turn.action = "hand_over"
    turn.say("sin_registro", **balances.when_open(turn.facts))
    turn.remember(asking=None)
    turn.need_person("failed")
    return True


def _wishes(turn: Turn, labels: set[str]) -> None:
    labels = _as_a_link(turn, labels)
    wanted = [label for label in PERSONAL if label in labels]
    if wanted and turn.memory.third_party:
        grave.refuse_third_person(turn)
        return
    if wanted and turn.person is None:
        _free(turn, labels)
        promising.keep_what_was_said(turn)
        balances.keep_what_to_pay(turn)
        turn.remember(wishes=tuple(dict.fromkeys([*turn.memory.wishes, *wanted])))
        if not identifying.volunteered(turn):
            identifying.ask(turn)
        elif identifying.answered(turn):
            _fulfil(turn, {*turn.memory.wishes})
        return
    if wanted:
        _fulfil(turn, labels)
        return
    if _free(turn, labels):
        return
    if identifying.answers_late(turn):
        # They wanted a person, or said something else, and now answer all the same.
        if identifying.answered(turn):
            _fulfil(turn, {*turn.memory.wishes} or {"balance"})
        return
    _talk(turn, labels)


def _as_a_link(turn: Turn, labels: set[str]) -> set[str]:
    """Where one pays, asked beside how much: here, by a link. And where the business named no other way."""
    if "payment_methods" not in labels or not turn.facts.can_link:
        return labels
    if not turn.facts.methods:
        return (labels - {"payment_methods"}) | {"payment_link"}
    return labels | ({"payment_link"} if "balance" in labels else set())


def _fulfil(turn: Turn, labels: set[str]) -> None:
    before = turn.memory.serial
    for label in _TOLD:
        if label in labels and (label != "due_date" or "balance" not in labels):
            _FULFIL[label](turn)
    _free(turn, labels)
    later = []
    for label in _AGREED:
        if label not in labels:
            continue
        if label == "promise_to_pay" and turn.memory.asking == Asking.LINK_AMOUNT and not promising.names_a_day(turn):
            # How much they pay by the link is being asked: no day besides.
            continue
        if turn.memory.serial == before:
            _FULFIL[label](turn)
        else:
            # One question at a time: this one waits for the answer.
            later.append(label)
    turn.remember(wishes=tuple(later))
    if not turn.parts:
        balances.balance(turn)


def _what_waited(turn: Turn, asked: set[str]) -> None:
    """What was wished beside the question that has been answered, then or now, once nothing is being asked."""
    waiting = {*turn.memory.wishes, *asked}
    if turn.memory.asking is not None:
        turn.remember(wishes=tuple(sorted(waiting)))
    elif waiting:
        _fulfil(turn, waiting)


def _free(turn: Turn, labels: set[str]) -> bool:
    """What may be said to anybody."""
    before = len(turn.parts)
    if "payment_methods" in labels:
        balances.methods(turn)
    if "hours" in labels:
        balances.hours(turn)
    if "already_paid" in labels:
        turn.action = turn.action or "ask_receipt"
        turn.say("pedir_comprobante")
        turn.told("pidió constancia de pago")
        turn.need_person("receipt")
    if "human" in labels:
        turn.action = turn.action or "hand_over"
        turn.say("persona", **balances.when_open(turn.facts))
        turn.remember(asking=None)
        turn.need_person("human")
    return len(turn.parts) > before


def _talk(turn: Turn, labels: set[str]) -> None:
    if "deny" in labels:
        turn.action = "accept_refusal"
        turn.say("rechazo")
        turn.remember(asking=None)
        turn.need_person("refused")
    elif "thanks" in labels:
        turn.action = "say_goodbye"
        turn.say("gracias")
    elif "greeting" in labels or "affirm" in labels:
        _greet(turn)
    elif kinds := [bubble.kind for bubble in turn.heard.bubbles if bubble.kind in _KINDS]:
        turn.action = "say_what_it_can_do"
        turn.say(_KINDS[kinds[-1]])
    elif _asks_who_it_is(turn.heard.text):
        turn.action = "say_what_it_can_do"
        turn.say("quien_soy")
        turn.choices.extend(_MENU)
    else:
        _unclear(turn)


_KINDS = {"audio": "nota_de_voz", "voice": "nota_de_voz", "location": "ubicacion", "sticker": "sticker"}


def _greet(turn: Turn) -> None:
    turn.action = "greet"
    if turn.memory.asking == Asking.IDENTITY or (turn.memory.wishes and turn.person is None):
        turn.say("saludo_de_vuelta")
        identifying.ask(turn)
    elif turn.memory.greeted:
        turn.say("saludo_de_vuelta")
        turn.choices.extend(_MENU)
    else:
        turn.say("saludo")
        turn.choices.extend(_MENU)


def _unclear(turn: Turn) -> None:
    turn.is_unclear = True
    turn.remember(misses=turn.memory.misses + 1)
    if turn.memory.misses > guards.MOST_MISSES:
        turn.action = "hand_over"
        turn.say("no_entendi_otra", **balances.when_open(turn.facts))
        turn.remember(asking=None, misses=0)
        turn.need_person("unclear")
        return
    turn.action = "say_what_it_can_do"
    turn.say("no_entendi")
    turn.choices.extend(_MENU)


def _asks_who_it_is(text: str) -> bool:
    folded = text.lower()
    return any(words in folded for words in ("quien eres", "quién eres", "eres un robot", "eres robot", "es estafa"))
