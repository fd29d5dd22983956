"""Asking who is there, and hearing the answer. What was wrong in it is never said, nor whether anybody is on file."""

from __future__ import annotations

from console.bots import balances, right_party
from console.bots.decision import Alerted, Confirmed, Failed, Turn
from console.bots.memory import Asking

_ONE_MORE = {right_party.LAST_FOUR: "pedir_documento", right_party.BIRTH_YEAR: "pedir_nacimiento"}


def ask(turn: Turn) -> None:
    """Ask for what only the right party knows; whoever was guessed at too often is left to a person."""
    turn.action = turn.action or "ask_identity"
    if turn.facts.is_locked or turn.memory.tries >= turn.facts.tries:
        _give_up(turn, "guessing" if turn.facts.is_locked else "identity")
        return
    turn.say("pedir_identidad")
    turn.ask(Asking.IDENTITY)


def volunteered(turn: Turn) -> bool:
    """Whether they said who they are before they were asked, together with what they wish, and may still be heard."""
    may_try = not turn.facts.is_locked and turn.memory.tries < turn.facts.tries and not turn.memory.third_party
    return may_try and "identity_answer" in turn.heard.labels and bool(_given(turn))


def answers_late(turn: Turn) -> bool:
    """Whether nothing but all the answers comes after the question was dropped, from whom may still be heard."""
    was_asked = turn.memory.serial > 0 and turn.memory.asking is None and turn.person is None
    return was_asked and volunteered(turn) and {*_given(turn)} >= {*turn.facts.questions}


def answered(turn: Turn) -> bool:
    """Hear the answer to `ask`. Whether the right party is there now, or the matter is closed."""
    if {"deny", "human"} & set(turn.heard.labels) and not _given(turn):
        turn.action = "accept_refusal"
        turn.say("sin_datos", **balances.when_open(turn.facts))
        turn.remember(asking=None, given={})
        turn.need_person("identity" if "deny" in turn.heard.labels else "human")
        turn.stops = True
        return False
    now = _given(turn)
    if not now:
        return False
    given = {**turn.memory.given, **now}
    if missing := [question for question in turn.facts.questions if question not in given]:
        turn.action = "ask_identity"
        turn.say(_ONE_MORE[missing[0]])
        turn.remember(given=given)
        turn.ask(Asking.IDENTITY)
        turn.stops = True
        return False
    return _checked(turn, given)


def _given(turn: Turn) -> dict[str, str]:
    found = right_party.read_answers(turn.heard.own_words, turn.facts.questions)
    if turn.memory.given and right_party.LAST_FOUR in found and right_party.LAST_FOUR in turn.memory.given:
        # The one question left was the year: four digits that can be one answer it.
        only = found[right_party.LAST_FOUR]
        if only.isdigit() and len(only) == len("1980") and right_party.BIRTH_YEAR not in found:
            return {right_party.BIRTH_YEAR: only}
    return found


def _checked(turn: Turn, given: dict[str, str]) -> bool:
    turn.action = "check_identity"
    facts = turn.facts
    found = right_party.matches(given, facts.people, facts.questions)
    if found is not None and not facts.is_locked:
        how = " y ".join(right_party.QUESTIONS[question] for question in facts.questions)
        turn.proved = found
        turn.do(Confirmed(found.debtor_id, how))
        turn.say("identidad_confirmada", nombre=found.first_name)
        turn.remember(asking=None, given={}, tries=0)
        return True
    tries = turn.memory.tries + 1
    turn.do(Failed(tuple(person.debtor_id for person in facts.people)))
    turn.remember(tries=tries, given={})
    turn.stops = True
    if facts.is_locked or tries >= facts.tries:
        _give_up(turn, "guessing" if facts.is_locked else "identity")
        return False
    turn.say("identidad_no_coincide")
    turn.ask(Asking.IDENTITY)
    return False


def _give_up(turn: Turn, reason: str) -> None:
    turn.say("identidad_agotada", **balances.when_open(turn.facts))
    turn.remember(asking=None, given={}, wishes=())
    turn.need_person(reason)
    if reason == "guessing":
        turn.do(Alerted("guessing"))
