"""Passwords: which are accepted, how they are hashed, and why hashing them can never starve the webhooks."""

from __future__ import annotations

import asyncio
import itertools
import os
import re
import secrets
import sys
import threading
import unicodedata
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from weakref import WeakKeyDictionary

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from console.errors import Refused
from console.languages.words import Words

MINIMUM = 12
MAXIMUM = 1024
AT_ONCE = 2
# Those who are at it: two are hashed while others ask the database before or after. Few, for each is charged to its
# address until its password proves right, and a whole office has one address.
TURNS = 4
# Those who wait for their turn, or have it. At some 50 ms a hash the last of them waits three seconds.
PLACES = 120
# Longer than that nobody is left without an answer: on a machine that others keep busy a hash takes much longer.
PATIENCE_SECONDS = 10.0
BUSY_SECONDS = 3

# argon2id, 46 MiB and one pass: OWASP Password Storage Cheat Sheet. One lane, so a hash takes one core and not all.
_hasher = PasswordHasher(time_cost=1, memory_cost=47104, parallelism=1)
# What an unknown person's password is checked against, so that not existing takes as long as being wrong. The hash of
# something random and forgotten: making one anew would slow every start, and nothing it fits is ever right.
_nobody = "$argon2id$v=19$m=47104,t=1,p=1$6EyI5NYpB+988jeSY+sDSQ$ThX/mg53gtKOrTcRhZuexS8RM4dr13VkIwfQ9pAGiWA"


def _be_patient() -> None:
    # On Linux niceness belongs to a thread: messages come before passwords. At 5 a hash still has a quarter of a core
    # beside a thread that never rests; at 10 it had a tenth, and on a busy machine nobody came in.
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)


_threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2", initializer=_be_patient)
_queue: set[object] = set()
_turns: WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = WeakKeyDictionary()


@asynccontextmanager
async def place() -> AsyncIterator[None]:
    """A turn to hash, waited for before anything else is done.

    Refuses with 429 when too many wait already, and when the turn does not come within PATIENCE_SECONDS.
    """
    if len(_queue) >= PLACES:
        raise _busy()
    turns = _turns.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(TURNS))
    mine = object()
    _queue.add(mine)
    try:
        try:
            await asyncio.wait_for(turns.acquire(), PATIENCE_SECONDS)
        except TimeoutError:
            raise _busy() from None
        try:
            yield
        finally:
            turns.release()
    finally:
        _queue.discard(mine)


def _busy() -> Refused:
    return Refused(
        429,
        Words(
            "Hay muchas personas ingresando a la vez. Espere 0:0{busy_seconds} y pruebe de nuevo.",
            busy_seconds=BUSY_SECONDS,
        ),
        code="busy",
        details={"retry_after": BUSY_SECONDS},
    )


async def hashed(password: str) -> str:
    """The hash to keep. A door takes its `place()` first."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _hasher.hash, password)


async def is_right(password_hash: str | None, password: str) -> bool:
    """Whether `password` is the one that was hashed; None takes the same time and is never right."""
    return await asyncio.get_running_loop().run_in_executor(_threads, _verify, password_hash, password)


def is_outdated(password_hash: str) -> bool:
    """Whether this hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(password_hash)


def _verify(password_hash: str | None, password: str) -> bool:
    try:
        _hasher.verify(password_hash or _nobody, password)
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


# Words that begin most guesses here. Digits, signs, accents, capitals and swaps (4 for a) add nothing to them.
_GUESSED = (Path(__file__).parent / "guessed_words.txt").read_text(encoding="utf-8").split()
_ONLY_GUESSED = re.compile(f"(?:{'|'.join(sorted(_GUESSED, key=len, reverse=True))})+")
_EDGES = re.compile(r"^[\W\d_]+|[\W\d_]+$")
_SWAPS = str.maketrans("0134578@$!", "oieastbasi")


def check_new(password: str, *, company: str, email: str) -> None:
    """Refuse (422) a new password that is too short, too long, or among the first anybody would try."""
    if len(password) < MINIMUM:
        raise _refused(Words("La contraseña debe tener al menos {minimum} caracteres.", minimum=MINIMUM))
    if len(password) > MAXIMUM:
        raise _refused(Words("La contraseña puede tener hasta {maximum} caracteres.", maximum=MAXIMUM))
    plain, unswapped = _letters(password), _letters(_EDGES.sub("", password).casefold().translate(_SWAPS))
    own = [word for word in (_letters(company), _letters(email.partition("@")[0])) if len(word) > 3]
    if any(word in plain or word in unswapped for word in own):
        raise _refused(Words("La contraseña no puede contener el nombre de la empresa ni su correo."))
    is_guessed = any(map(_ONLY_GUESSED.fullmatch, (plain, unswapped)))
    if len(set(password.casefold())) < 5 or _is_run(password) or is_guessed:
        raise _refused(
            Words("Esa contraseña es de las primeras que alguien probaría. Elija, por ejemplo, cuatro palabras.")
        )


def generated() -> str:
    """A password for somebody else to use once and change: 100 bits, in groups that can be read aloud."""
    letters = "abcdefghijkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _ in range(5)) for _ in range(4))


def _letters(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if c.isalpha())


def _is_run(password: str) -> bool:
    """123456789012, abcdefabcdef: each character follows from the one before, or one block is repeated."""
    steps = {ord(after) - ord(before) for before, after in itertools.pairwise(password)}
    digits_wrapped = password.isdigit() and steps <= {1, -9}
    blocks = (password[:size] * (len(password) // size + 1) for size in range(1, 7))
    return len(steps) == 1 or digits_wrapped or any(block.startswith(password) for block in blocks)


def _refused(text: str) -> Refused:
    return Refused(422, text, code="weak_password", field="password")
