"""The second factor: a code that changes every half minute (RFC 6238), and codes on paper for the day a phone is lost.

A code opens once: what was used, and whatever came before it, is refused. Secrets are kept encrypted under the
installation's key, recovery codes as keyed hashes.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Collection, Sequence

import msgspec
import pyotp
import segno
from cryptography.fernet import Fernet, InvalidToken
from sqlalchemy import delete, func, select

from console import audit, clock, sessions
from console.agents import Agent, RecoveryCode, Role, SecondFactor, SignInRules, Viewer
from console.audit import Actor
from console.db import Tx
from console.errors import Refused
from console.languages.words import Words

STEP = 30
"""Seconds a code lasts (RFC 6238 §5.2); one step to each side is taken too, for clocks that differ."""
RECOVERY_CODES = 10
TICKET_SECONDS = 300
"""How long somebody whose password was right has to type the code."""
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""Without what is read wrongly: 0 and O, 1, I and L."""


class Enrolment(msgspec.Struct, frozen=True):
    """A secret on its way to an authenticator: as text, and as a drawing to be scanned (SVG, as a data address)."""

    secret: str
    drawing: str


async def begin(tx: Tx, *, by: Viewer, company: str, key: str) -> Enrolment:
    """Make `by` a secret that counts only once a code proved it arrived. Refuses 409 while a factor is on."""
    factor = await _held(tx, by.id)
    if factor is not None and factor.confirmed_at is not None:
        raise Refused(409, Words("Su segundo factor ya está activo."), code="already_on")
    if factor is None:
        factor = SecondFactor(agent_id=by.id, created_at=clock.now(), last_step=0, secret="")
        tx.add(factor)
    if not factor.secret or _opened(factor.secret, key) is None:
        factor.secret = _locked(pyotp.random_base32(), key)
    secret = _opened(factor.secret, key) or ""
    email = (await tx.get_one(Agent, by.id)).email or by.name
    address = pyotp.TOTP(secret).provisioning_uri(name=email, issuer_name=f"Al Día · {company}")
    return Enrolment(secret=secret, drawing=segno.make(address, error="m").svg_data_uri(scale=4, border=2))


async def confirm(tx: Tx, *, by: Viewer, code: str, key: str) -> list[str]:
    """Turn the factor on, proved by a code; the recovery codes, which are shown this once.

    Records factor.enabled. Refuses: 422 "wrong_code"; 409 "already_on", or when nothing was begun.
    """
    factor = await _held(tx, by.id)
    if factor is None or factor.confirmed_at is not None:
        raise Refused(409, Words("Empiece de nuevo: no hay un segundo factor por confirmar."), code="not_begun")
    if not _takes(factor, code, key):
        raise wrong()
    factor.confirmed_at = clock.now()
    audit.record(tx, by.actor, "factor.enabled", subject=f"agent:{by.id}", old={"on": False}, new={"on": True})
    # Whoever is in with the password alone, somewhere else, is out.
    await sessions.end_all(tx, by.id, by=by.actor, why="factor_enabled", keep=by.session_id)
    return await _new_codes(tx, by.id, key)


async def renew_codes(tx: Tx, *, by: Viewer, code: str, key: str) -> list[str]:
    """New recovery codes for old, proved by a code. Records factor.codes_renewed. Refuses 422 "wrong_code"."""
    if not await passes(tx, by.id, code, key=key, by=by.actor):
        raise wrong()
    audit.record(tx, by.actor, "factor.codes_renewed", subject=f"agent:{by.id}")
    return await _new_codes(tx, by.id, key)


async def turn_off(tx: Tx, *, by: Viewer, code: str, key: str) -> None:
    """Take one's own factor away, proved by a code. Refuses: 409 "role_needs_it", 422 "wrong_code"."""
    if by.role in await roles_that_must(tx):
        raise Refused(409, Words("Su rol necesita un segundo factor."), code="role_needs_it")
    if not await passes(tx, by.id, code, key=key, by=by.actor):
        raise wrong()
    await remove(tx, by.id, by=by.actor)


async def remove(tx: Tx, agent_id: int, *, by: Actor) -> None:
    """Take the factor away, and every session with it. Records factor.removed."""
    factor = await _held(tx, agent_id)
    if factor is None:
        return
    was_on = factor.confirmed_at is not None
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.agent_id == agent_id))
    await tx.delete(factor)
    audit.record(tx, by, "factor.removed", subject=f"agent:{agent_id}", old={"on": was_on}, new={"on": False})
    await sessions.end_all(tx, agent_id, by=by, why="factor_removed")


async def is_on(tx: Tx, agent_id: int) -> bool:
    """Whether signing in needs a code."""
    on = select(SecondFactor.agent_id).where(SecondFactor.agent_id == agent_id, SecondFactor.confirmed_at.is_not(None))
    return await tx.scalar(on) is not None


async def passes(tx: Tx, agent_id: int, code: str, *, key: str, by: Actor) -> bool:
    """Whether `code` opens, and if so it never will again. A code on paper records factor.recovery_used."""
    factor = await _held(tx, agent_id)
    if factor is None or factor.confirmed_at is None:
        return False
    if _takes(factor, code, key):
        return True
    paper = await tx.scalar(
        select(RecoveryCode)
        .where(
            RecoveryCode.agent_id == agent_id,
            RecoveryCode.code_hash == _hash(code, agent_id, key),
            RecoveryCode.used_at.is_(None),
        )
        .with_for_update()
    )
    if paper is None:
        return False
    paper.used_at = clock.now()
    await tx.flush()
    audit.record(
        tx, by, "factor.recovery_used", subject=f"agent:{agent_id}", new={"left": await codes_left(tx, agent_id)}
    )
    return True


async def codes_left(tx: Tx, agent_id: int) -> int:
    """How many recovery codes were not used."""
    unused = select(func.count()).where(RecoveryCode.agent_id == agent_id, RecoveryCode.used_at.is_(None))
    return await tx.scalar(unused) or 0


async def roles_that_must(tx: Tx) -> list[str]:
    """The roles that may not work without a second factor."""
    rules = await tx.get(SignInRules, 1)
    return list(rules.factor_roles) if rules else []


async def require_of(tx: Tx, roles: Collection[str], *, by: Viewer) -> None:
    """Have these roles, and no others, need a second factor. Records sign_in_rules.updated, with before and after.

    Refuses: 422 for a role that nobody who signs in has.
    """
    known = [str(role) for role in (Role.AGENT, Role.SUPERVISOR, Role.ADMIN)]
    if not set(roles) <= set(known):
        raise Refused(422, Words("Ese rol no existe."), code="invalid", field="roles")
    rules = await tx.scalar(select(SignInRules).where(SignInRules.id == 1).with_for_update())
    if rules is None:
        rules = SignInRules(id=1, factor_roles=[])
        tx.add(rules)
    old, new = list(rules.factor_roles), [role for role in known if role in roles]
    if old == new:
        return
    rules.factor_roles = new
    audit.record(
        tx, by.actor, "sign_in_rules.updated", subject="sign_in", old={"factor_roles": old}, new={"factor_roles": new}
    )


def wrong() -> Refused:
    """The answer to a code that does not open: used, old, mistyped or somebody else's."""
    return Refused(
        422, Words("Ese código no abre. Escriba el que muestra ahora su aplicación."), code="wrong_code", field="code"
    )


def ticket(email: str, password_hash: str, *, key: str) -> str:
    """Proof that the password was right a moment ago, for the form that asks for the code. It opens nothing alone."""
    until = int(clock.now().timestamp()) + TICKET_SECONDS
    return f"{until}.{_mac('ticket', f'{until} {email} {password_hash}', key)}"


def is_ticket(text: str, email: str, password_hash: str, *, key: str) -> bool:
    """Whether `text` is such a proof, of this person with this password, and still holds."""
    until, _, mark = text.partition(".")
    if not (until.isascii() and until.isdigit() and len(until) <= 12) or int(until) < clock.now().timestamp():
        return False
    return hmac.compare_digest(mark.encode(), _mac("ticket", f"{until} {email} {password_hash}", key).encode())


async def _held(tx: Tx, agent_id: int) -> SecondFactor | None:
    """Held until `tx` ends: of two who bring the same code one passes."""
    held = select(SecondFactor).where(SecondFactor.agent_id == agent_id).with_for_update()
    return (await tx.scalars(held.execution_options(populate_existing=True))).one_or_none()


def _takes(factor: SecondFactor, code: str, key: str) -> bool:
    digits = "".join(code.split())
    secret = _opened(factor.secret, key)
    if secret is None or not (digits.isascii() and digits.isdigit() and len(digits) == 6):
        return False
    now = int(clock.now().timestamp()) // STEP
    generator = pyotp.HOTP(secret)
    for step in (now - 1, now, now + 1):
        if step > factor.last_step and hmac.compare_digest(generator.at(step), digits):
            factor.last_step = step
            return True
    return False


async def _new_codes(tx: Tx, agent_id: int, key: str) -> list[str]:
    await tx.execute(delete(RecoveryCode).where(RecoveryCode.agent_id == agent_id))
    codes = [_paper() for _ in range(RECOVERY_CODES)]
    tx.add_all(
        RecoveryCode(agent_id=agent_id, code_hash=_hash(code, agent_id, key), created_at=clock.now()) for code in codes
    )
    return codes


def _paper() -> str:
    letters: Sequence[str] = [secrets.choice(_ALPHABET) for _ in range(12)]
    return "-".join("".join(letters[at : at + 4]) for at in (0, 4, 8))


def _hash(code: str, agent_id: int, key: str) -> str:
    bare = "".join(letter for letter in code.upper() if letter.isalnum())[:40]
    return _mac("recovery", f"{agent_id} {bare}", key)


def _mac(purpose: str, value: str, key: str) -> str:
    return hmac.digest(key.encode(), f"second factor {purpose}\0{value}".encode(), "sha256").hex()


def _fernet(key: str) -> Fernet:
    return Fernet(base64.urlsafe_b64encode(hashlib.sha256(b"aldia second factor\0" + key.encode()).digest()))


def _locked(secret: str, key: str) -> str:
    return _fernet(key).encrypt(secret.encode()).decode()


def _opened(kept: str, key: str) -> str | None:
    """None for what another installation's key locked: it opens nothing, and an administrator takes it away."""
    try:
        return _fernet(key).decrypt(kept.encode()).decode()
    except InvalidToken:
        return None
