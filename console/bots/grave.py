"""What comes before everything else: danger, people who must not be spoken to, third persons, disputes, complaints.

After any of these nothing is said about paying, whatever else the message asks.
"""

from __future__ import annotations

import re

from console.bots import balances, receiving
from console.bots.decision import Alerted, Disputed, OptedOut, Turn, Withdrawn, WrongNumber
from console.bots.memory import Asking
from console.portfolio import said

_THIRD_PERSON = frozenset({"a third person's balance", "pays a third person's debt", "speaks for somebody"})
"""Rules of understanding that say: it is not the debtor who writes, or not their own debt that is asked about."""
_OF_ONESELF = re.compile(r"\b(?:soy|somos|habla|escribe)\b")
"""Words by which somebody says who writes."""
_NO_WISH = frozenset({"affirm", "deny", "greeting", "human", "other"})
"""What may be said without asking for anything."""
_SURE = 0.5
"""From here on what no rule says is more than a guess. Of 1,230 messages never learnt from no wrong number and no
contested debt scored less; what did was "sí soy yo" and the like."""
_GUESSED = frozenset({"wrong_person", "dispute"})
_GUESSED_OF_ACCOUNTS = _GUESSED | {"complaint", "hardship"}
"""What is not acted upon on a mere guess: it is answered as what was not understood, and a person is offered."""
_IDLE = frozenset({"affirm", "deny", "greeting", "thanks", "other", "identity_answer", "opt_out"})
"""What somebody who is left alone may say without being answered again."""
_CATEGORIES = (
    (frozenset({"the sum is wrong", "charged wrongly", "a charge that is not right"}), "amount"),
    (frozenset({"somebody else did it", "never asked for it"}), "fraud"),
)


def handled(turn: Turn) -> bool:
    """Whether a grave matter took the turn."""
    labels = set(turn.heard.labels) - _mere_guesses(turn)
    is_third = _is_third_person(turn)
    matters = (
        ("distress" in labels, _distress),
        # Honoured at once, whatever was before.
        ("wrong_person" in labels and not is_third and not turn.facts.wrong_number, _wrong_person),
        (turn.facts.wrong_number, _still_wrong),
        ("opt_out" in labels, _opt_out),
        (turn.facts.opted_out, _still_out),
        (turn.memory.settled == "distress", _after_distress),
        (is_third, _third_person),
        ("dispute" in labels, _dispute),
        ("complaint" in labels, _complaint),
        (turn.heard.understood.doubt > 0, _doubtful),
        (_is_still_in_doubt(turn, labels), _after_doubt),
        ("hardship" in labels, _hardship),
    )
    for holds, matter in matters:
        if holds:
            matter(turn)
            if "already_paid" in labels:
                receiving.keep_receipt(turn)
            return True
    return False


def heed(turn: Turn) -> None:
    """What is honoured though the bot has fallen silent; who is in danger is answered all the same, once."""
    is_danger = "distress" in turn.heard.labels and turn.memory.settled != "distress"
    if handled(turn) and not is_danger:
        turn.action = "stay_silent"
        turn.parts.clear()
        turn.choices.clear()


def _mere_guesses(turn: Turn) -> set[str]:
    understood = turn.heard.understood
    if understood.rules:
        return set()
    # Names of accounts sound like anything.
    of = _GUESSED_OF_ACCOUNTS if turn.memory.asking == Asking.ACCOUNT else _GUESSED
    return {each.label for each in understood.intents if each.label in of and each.score < _SURE}


def _is_still_in_doubt(turn: Turn, labels: set[str]) -> bool:
    is_settled = turn.memory.settled == "doubt" and not turn.memory.asking
    return is_settled and labels <= _NO_WISH and not turn.heard.of_kind(*receiving.FILES)


def _is_third_person(turn: Turn) -> bool:
    return bool(_THIRD_PERSON & set(turn.heard.understood.rules)) and "distress" not in turn.heard.labels


def _distress(turn: Turn) -> None:
    turn.action = "distress_protocol"
    turn.parts.clear()
    own = {"ayuda": turn.facts.helpline} if turn.facts.helpline else {}
    turn.say("angustia", **own)
    turn.remember(asking=None, wishes=(), settled="distress")
    turn.told("línea de ayuda")
    turn.need_person("distress", now=True)
    turn.do(Alerted("distress"))
    _keep_contested(turn)
    if "opt_out" in turn.heard.labels:
        turn.do(OptedOut())


def _after_distress(turn: Turn) -> None:
    """Whatever it is now, a person goes on: the bot does not come back to money."""
    turn.action = "hand_over"
    turn.say("persona", **balances.when_open(turn.facts))
    turn.need_person("distress", now=True)
    _keep_contested(turn)


def _doubtful(turn: Turn) -> None:
    """It may be danger: no line is named that nobody may need, and nothing goes on as if nothing had been said."""
    turn.action = "hand_over_priority"
    turn.say("con_calma", **balances.when_open(turn.facts))
    turn.remember(asking=None, wishes=(), settled="doubt")
    turn.need_person("doubt", now=True)
    turn.do(Alerted("doubt"))


def _after_doubt(turn: Turn) -> None:
    """A person goes on, unless something is asked for."""
    turn.action = "hand_over"
    turn.say("persona", **balances.when_open(turn.facts))
    turn.need_person("doubt", now=True)


def _still_wrong(turn: Turn) -> None:
    turn.action = "release_number"
    labels = set(turn.heard.labels)
    if "opt_out" in labels and not turn.facts.opted_out:
        turn.do(OptedOut())
    if "human" in labels:
        turn.say("persona", **balances.when_open(turn.facts))
        turn.need_person("human")
    elif turn.memory.settled != "wrong_person":
        turn.say("numero_equivocado")
    turn.remember(asking=None, wishes=(), settled="wrong_person")


def _still_out(turn: Turn) -> None:
    """Nobody writes to them; what they ask for all the same is answered once, and contested is contested."""
    turn.action = "stop_contact"
    labels = set(turn.heard.labels)
    if turn.memory.settled != "opt_out" or labels - _IDLE or turn.heard.of_kind(*receiving.FILES):
        turn.say("baja_vigente", **balances.when_open(turn.facts))
        turn.need_person("opt_out")
    if "complaint" in labels:
        turn.need_person("complaint", now=True)
    if turn.heard.of_kind(*receiving.FILES):
        receiving.keep_receipt(turn)
        turn.need_person("receipt")
    _keep_contested(turn)
    turn.remember(asking=None, wishes=(), settled="opt_out")


def _keep_contested(turn: Turn) -> None:
    """They contest it too: the one does not undo the other."""
    if "dispute" in turn.heard.labels:
        _contest(turn)
        turn.need_person("dispute")


def _opt_out(turn: Turn) -> None:
    turn.action = "stop_contact"
    turn.parts.clear()
    if turn.memory.settled != "opt_out":
        turn.say("baja")
    turn.remember(asking=None, wishes=(), settled="opt_out")
    turn.do(OptedOut())
    _keep_contested(turn)
    turn.need_person("opt_out")


def _wrong_person(turn: Turn) -> None:
    turn.action = "release_number"
    turn.parts.clear()
    turn.say("numero_equivocado")
    turn.remember(asking=None, wishes=(), settled="wrong_person")
    turn.do(WrongNumber())
    if "opt_out" in turn.heard.labels and not turn.facts.opted_out:
        turn.do(OptedOut())
    turn.need_person("wrong_person")


def _third_person(turn: Turn) -> None:
    person = turn.person
    # The right party may ask about somebody else; who says to be somebody else has only known the right answers.
    is_somebody_else = person is None or bool(_OF_ONESELF.search(said.fold(turn.heard.text)))
    if person is not None and is_somebody_else:
        turn.do(Withdrawn(person.debtor_id))
    turn.remember(third_party=is_somebody_else)
    refuse_third_person(turn)


def refuse_third_person(turn: Turn) -> None:
    """Nothing is said to them, nor are they asked who they are: the right answers would prove nothing."""
    turn.action = "refuse_third_person"
    turn.say("tercero")
    turn.remember(asking=None, wishes=())
    turn.need_person("third_party")


def _dispute(turn: Turn) -> None:
    turn.action = "open_dispute"
    turn.remember(asking=None, wishes=())
    if _contest(turn) and turn.person is not None:
        # The number of the claim is known once it is opened, and is filled in then.
        turn.say("reclamo")
    else:
        # Whoever is not known to be the debtor learns nothing from it, not even that there was something to contest.
        turn.say("reclamo_sin_cuenta", **balances.when_open(turn.facts))
    turn.need_person("dispute")


def _contest(turn: Turn) -> bool:
    """Freeze the accounts they mean; whether there was any to freeze."""
    accounts = tuple(account for person in turn.facts.people for account in person.accounts)
    mine = accounts if turn.person is None else turn.person.accounts
    named = tuple(account for account in mine if balances.is_named(account, turn.heard.text))
    contested = tuple(account.id for account in named or mine if not account.is_disputed)
    turn.told("reclamo recibido")
    if contested:
        turn.do(Disputed(contested, _category(turn)))
    return bool(contested)


def _category(turn: Turn) -> str:
    rules = set(turn.heard.understood.rules)
    return next((category for names, category in _CATEGORIES if names & rules), "not_mine")


def _complaint(turn: Turn) -> None:
    turn.action = "hand_over_priority"
    turn.say("queja", **balances.when_open(turn.facts))
    turn.remember(asking=None, wishes=())
    turn.need_person("complaint", now=True)


def _hardship(turn: Turn) -> None:
    turn.action = "hand_over_priority"
    turn.say("dificultad", **balances.when_open(turn.facts))
    turn.remember(asking=None, wishes=())
    turn.need_person("hardship")
