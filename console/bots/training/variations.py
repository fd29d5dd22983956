"""More of the same, made by rules: politeness around a phrase, slips of the fingers, two wishes in one message.

Deterministic: every choice is drawn from a generator seeded by the caller.
"""

from __future__ import annotations

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
        if len(phrase.labels) == 1 and phrase.labels[0] not in _ALONE and 2 <= len(phrase.text.split()) <= 12:
            having[phrase.labels[0]].append(phrase)
    made = []
    for pair in _TOGETHER:
        first, second = pair.split()
        for _ in range(min(40, len(having[first]) // 3, len(having[second]) // 3)):
            one, other = chance.choice(having[first]), chance.choice(having[second])
            text = f"{one.text.rstrip('.')}{chance.choice(_JOINTS)}{other.text}"
            made.append(Phrase(text=text, labels=(first, second), country=one.country))
    return made
