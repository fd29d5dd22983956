"""More of the same, made by rules: politeness around a phrase, slips of the fingers, two wishes in one message.

Deterministic: every choice is drawn from a generator seeded by the caller.
"""

from __future__ import annotations

import re
from collections import defaultdict
from random import Random

from console.bots.training.phrases import Phrase

_BEFORE = (
    "hola", "buenas", "buenos dias", "buenas tardes", "buenas noches", "hola buenas tardes", "hola buenas",
    "disculpe", "disculpa", "señorita", "oiga", "una consulta", "hola una consulta", "por favor", "x favor",
    "estimados", "señor", "joven", "che", "oye", "buen dia", "hola que tal", "hola como esta", "perdon", "mire",
    "mira", "pucha señorita", "le cuento que", "sabe que", "es que", "bueno", "a ver", "ya le dije que",
    "le comento que", "buenas noches disculpe la hora", "quisiera decirle que", "amigo",
    "hola señorita buenas noches", "ok", "ya", "si", "oe", "parce", "buenas parce", "hola buen dia", "saludos",
    "una pregunta",
)  # fmt: skip
_AFTER = (
    "por favor", "porfa", "gracias", "muchas gracias", "xfa", "pe", "po", "wey", "che", "señorita", "joven", "parce",
    "pues", "porfis", "de antemano gracias", "espero su respuesta", "quedo atento", "urgente", "ok", "🙏", "👍", "😊",
    "?", "??", "!!", "...", "jaja", "saludos", "bendiciones", "amigo", "porfavor ayudeme", "me avisa", "espero",
    "si", "no", "nomas", "pe causa", "señor", "buenas tardes", "😭", "😡",
)  # fmt: skip
_JOINTS = (
    " y ",
    ", ",
    " ",
    ". ",
    " y tambien ",
    " ademas ",
    " y ademas ",
    " y otra cosa ",
    " pero ",
    "\n",
    " , y ",
    "; ",
)
# Wishes that really come together.
_TOGETHER = (
    "balance payment_methods", "balance payment_link",
    "balance due_date", "balance payment_plan", "payment_link hours", "payment_link payment_methods",
    "payment_link promise_to_pay", "promise_to_pay payment_methods", "hardship promise_to_pay",
    "hardship payment_plan", "hardship human", "dispute complaint", "dispute human", "dispute opt_out",
    "wrong_person opt_out", "wrong_person complaint", "opt_out complaint", "already_paid complaint",
    "already_paid opt_out", "already_paid human", "already_paid balance", "complaint human", "human hours",
    "human balance", "human payment_plan", "human promise_to_pay", "due_date payment_methods",
    "due_date payment_link", "payment_methods hours", "payment_plan promise_to_pay", "distress hardship",
    "distress complaint", "hardship complaint", "due_date payment_plan", "balance hours", "human dispute",
    "balance human", "payment_plan payment_methods", "promise_to_pay hardship", "balance promise_to_pay",
    "hours payment_methods", "distress human", "distress payment_plan", "distress opt_out",
    "distress promise_to_pay", "payment_link balance", "payment_methods balance", "opt_out dispute",
    "complaint opt_out", "complaint dispute", "payment_plan human", "payment_plan balance", "hours human",
    "promise_to_pay payment_plan", "promise_to_pay opt_out", "promise_to_pay human", "promise_to_pay complaint",
    "promise_to_pay balance", "payment_methods payment_link", "hours promise_to_pay", "hours payment_link",
    "complaint wrong_person", "wrong_person balance", "complaint payment_link", "human payment_link",
    "due_date balance", "payment_methods promise_to_pay",
)  # fmt: skip
_ALONE = frozenset({"greeting", "thanks", "affirm", "deny", "other", "identity_answer"})
_LONGEST = 25
"""Words of a phrase that is joined with another; whoever says more has said it all."""
_MOST = 50
"""Messages of one pair of wishes."""
_FEWER = 25
"""And of one with a yes, a no or a question about us: whole logs are full of wishes, and few begin with a yes."""
_YES = (
    "si", "sí", "si, ", "si soy yo", "si soy yo, ", "soy yo, ", "claro", "claro que si, ", "si señor, ", "si señora, ",
    "dale, ", "sip", "correcto, ", "si, con ella habla, ", "con el habla, ", "si acepto, ", "hagale, ", "si claro, ",
    "sí, soy el titular. ", "si esta bien, ", "si pero ", "sipo, ", "simon, ", "acepto, ", "si ya, ", "de acuerdo, ",
)  # fmt: skip
_AFTER_YES = (
    "balance", "payment_link", "payment_methods", "due_date", "human", "payment_plan", "already_paid", "dispute",
    "hours", "opt_out", "complaint", "hardship", "identity_answer",
)  # fmt: skip
_WHO = re.compile(
    r"(?i)\b(?:qui[eé]n (?:es|eres|sos|habla|me|te|les)|de d[oó]nde (?:me|son|sacaron)|estafa|fraude|qu[eé] empresa|"
    r"de parte|robot|bot|m[aá]quina|mi n[uú]mero|de verdad)\b"
)
"""What is asked of us or thrown at the bot, and is said beside anything."""
_BESIDE_WHO = (
    "balance", "human", "opt_out", "dispute", "wrong_person", "payment_methods", "hours", "already_paid", "complaint",
    "payment_plan",
)  # fmt: skip
_BESIDE_NO = ("opt_out", "complaint", "human", "dispute", "hardship", "payment_methods", "payment_plan")
_NEIGHBOURS = {
    "a": "sq", "b": "vn", "c": "xv", "d": "sf", "e": "wr", "f": "dg", "g": "fh", "h": "gj", "i": "uo", "j": "hk",
    "l": "kñ", "m": "n", "n": "mb", "o": "ip", "p": "o", "q": "w", "r": "et", "s": "ad", "t": "ry", "u": "yi",
    "v": "cb", "y": "tu", "z": "x",
}  # fmt: skip


def varied(phrases: list[Phrase], *, seed: int) -> list[Phrase]:
    """The phrases and what people would make of them; labels follow. The same seed makes the same list."""
    chance = Random(seed)
    made = list(phrases)
    for phrase in phrases:
        if not {"greeting", "thanks", "affirm", "deny", "other"} & set(phrase.labels):
            made.append(_polite(phrase, chance))
        if len(phrase.text) > 5 and "identity_answer" not in phrase.labels:
            made.append(_slipped(phrase, chance))
    return [*made, *_pairs(phrases, chance)]


def _polite(phrase: Phrase, chance: Random) -> Phrase:
    text = phrase.text
    if chance.random() < 0.7:
        text = f"{chance.choice(_BEFORE)}{chance.choice((' ', ', ', ' ', '. '))}{text}"
    if chance.random() < 0.5 or text == phrase.text:
        text = f"{text}{chance.choice((' ', ', ', ' '))}{chance.choice(_AFTER)}"
    return Phrase(text=text, labels=phrase.labels, country=phrase.country)


def _slipped(phrase: Phrase, chance: Random) -> Phrase:
    letters = list(phrase.text)
    for _ in range(1 + len(letters) // 25):
        place = chance.randrange(1, len(letters))
        if not letters[place].isalpha():
            continue
        kind = chance.random()
        if kind < 0.3:
            letters[place] = ""
        elif kind < 0.5:
            letters[place] *= 2
        elif kind < 0.75 and place + 1 < len(letters):
            letters[place], letters[place + 1] = letters[place + 1], letters[place]
        else:
            letters[place] = chance.choice(_NEIGHBOURS.get(letters[place].lower(), "e"))
    return Phrase(text="".join(letters), labels=phrase.labels, country=phrase.country)


def _pairs(phrases: list[Phrase], chance: Random) -> list[Phrase]:
    """Two wishes in one message, each a phrase of its own."""
    having: dict[str, list[Phrase]] = defaultdict(list)
    for phrase in phrases:
        if len(phrase.labels) == 1 and len(phrase.text.split()) <= _LONGEST:
            label = phrase.labels[0]
            if label == "other" and _WHO.search(phrase.text):
                having["who"].append(phrase)
            elif label == "deny" and len(phrase.text.split()) > 1:
                having["deny"].append(phrase)
            elif label == "identity_answer" or (label not in _ALONE and len(phrase.text.split()) > 1):
                having[label].append(phrase)
    together = [*_TOGETHER, *(f"who {label}" for label in _BESIDE_WHO), *(f"{label} who" for label in _BESIDE_WHO)]
    together += [f"deny {label}" for label in _BESIDE_NO] + [f"{label} deny" for label in ("hardship", "dispute")]
    made = []
    for pair in together:
        first, second = pair.split()
        most = _FEWER if {"who", "deny"} & {first, second} else _MOST
        for _ in range(min(most, len(having[first]) // 2, len(having[second]) // 2)):
            one, other = chance.choice(having[first]), chance.choice(having[second])
            text = f"{one.text.rstrip('.')}{chance.choice(_JOINTS)}{other.text}"
            made.append(Phrase(text=text, labels=(*one.labels, *other.labels), country=one.country))
    return made + [
        _after_yes(chance.choice(having[label]), chance)
        for label in _AFTER_YES
        for _ in range(min(_FEWER, len(having[label])))
    ]


def _after_yes(phrase: Phrase, chance: Random) -> Phrase:
    text = f"{chance.choice(_YES).rstrip()} {phrase.text}"
    return Phrase(text=text, labels=("affirm", *phrase.labels), country=phrase.country)
