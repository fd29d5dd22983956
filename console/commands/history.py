"""`aldia audit`: whether the history is whole, the anchor to keep elsewhere, and what a third party is handed."""

from __future__ import annotations

import re
from pathlib import Path

import click
import msgspec

from console import clock, render, settings
from console.audit import Actor, AuditHead, Verdict
from console.backup import digest_of
from console.commands import Failed, database, run
from console.db import Tx
from console.evidence import keeping, scopes, seals, stamping, stamps, verifying
from console.evidence.compiling import compile_pack
from console.evidence.keys import signer_of, trusted_keys
from console.evidence.proofs import Unproven
from console.evidence.scopes import Scope, record_request
from console.evidence.seals import Sealed
from console.evidence.shapes import Dossier

OPERATOR = Actor(kind="system", name="Operación", origin="aldia audit")

_ANCHOR = re.compile(r"(\d{1,18}):([0-9a-f]{64})")


class Head(msgspec.Struct):
    """What `aldia audit head --json` prints: the anchor, the public key of the seals, and the newest of them."""

    entries: int
    hash: str
    key: str
    seal: Sealed | None


@click.group()
def audit() -> None:
    """The history: verify it, seal it, or print its head to be kept elsewhere."""


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as one JSON object.")
@click.option("--anchor", help="N:HASH, as printed by `aldia audit head` and kept outside the database.")
@click.option(
    "--seals",
    "kept",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Seals kept outside, as ALDIA_SEAL_FILE has them.",
)
@click.option("--since-last-seal", is_flag=True, help="Only what is newer than the last seal: quick, and less.")
def verify(*, as_json: bool, anchor: str | None, kept: Path | None, since_last_seal: bool) -> None:
    """Check every entry and seal. Exit 0 and a count when all is intact, exit 1 naming the first entry that is not."""
    verdict = run(_verify(_parsed(anchor) if anchor else None, _read(kept) if kept else [], since_last_seal))
    if as_json:
        click.echo(msgspec.json.encode(verdict).decode())
    elif verdict.intact:
        for note in verdict.notes:
            click.echo(f"Atención: {note}", err=True)
        click.echo(f"{verdict.seals} sellos comprobados.", err=True)
        click.echo(f"{verdict.entries} entradas, íntegras. Cabecera: {verdict.entries}:{verdict.head}")
    if not verdict.intact:
        raise Failed(f"El historial no está íntegro: entrada {verdict.first_bad}, {verdict.reason}.")


async def _verify(anchor: tuple[int, str] | None, kept: list[Sealed], since_last_seal: bool) -> Verdict:  # noqa: FBT001
    config = settings.load()
    async with database(config) as db, db.reading() as tx:
        since = await seals.newest(tx) if since_last_seal else None
        return await verifying.check(
            tx,
            config.secret_key,
            keys=trusted_keys(config),
            now=clock.now(),
            anchor=anchor,
            kept=kept,
            since=since,
            trust=stamps.trust_of(config),
        )


def _parsed(anchor: str) -> tuple[int, str]:
    match = _ANCHOR.fullmatch(anchor.strip())
    if match is None:
        raise click.UsageError("El ancla se escribe N:HASH, como la imprime aldia audit head.")
    return int(match[1]), match[2]


def _read(path: Path) -> list[Sealed]:
    try:
        return keeping.read_kept(path)
    except ValueError as wrong:
        raise Failed(f"{path}: {wrong}.") from wrong


@audit.command()
@click.option("--json", "as_json", is_flag=True, help="Also the public key of the seals, and the newest seal.")
def head(*, as_json: bool) -> None:
    """Print the newest entry's number and hash as N:HASH. Kept elsewhere, it exposes a history rewritten as a whole."""
    found = run(_head())
    click.echo(msgspec.json.encode(found).decode() if as_json else f"{found.entries}:{found.hash}")
    if not as_json:
        click.echo(f"Clave pública de los sellos (Ed25519): {found.key}", err=True)


async def _head() -> Head:
    config = settings.load()
    async with database(config) as db, db.reading() as tx:
        newest, seal = await tx.get(AuditHead, 1), await seals.newest(tx)
    if newest is None:
        raise Failed("El historial no tiene cabecera: ejecute aldia audit verify.")
    plain = seals.plainly(seal) if seal else None
    return Head(newest.entry_id, newest.hash, signer_of(config.secret_key).public, plain)


@audit.command()
def seal() -> None:
    """Seal what is not sealed yet, now, and print every seal: one JSON object a line, to be kept elsewhere."""
    for each in run(_seal()):
        click.echo(msgspec.json.encode(each).decode())


async def _seal() -> list[Sealed]:
    config = settings.load()
    async with database(config) as db:
        await seals.seal_up(db, signer_of(config.secret_key), clock.now())
        await stamping.stamp_some(db, config)
        async with db.reading() as tx:
            return [seals.plainly(row) for row in await seals.every(tx)]


@audit.command()
@click.option("--conversation", type=click.IntRange(1, 2**63 - 1), help="The number of a conversation.")
@click.option("--account", help="An account, as billing calls it: with every conversation with its holder.")
@click.option("--out", "out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The ZIP to write.")
def export(*, conversation: int | None, account: str | None, out: Path) -> None:
    """Write an evidence pack that a third party can check without Al Día. That it was made is on record."""
    if (conversation is None) == (account is None):
        raise click.UsageError("Diga --conversation o --account, uno de los dos.")
    if not out.absolute().parent.is_dir():
        raise Failed(f"No existe la carpeta {out.absolute().parent}: créela antes.")
    try:
        made = run(_export(conversation, account, out.absolute()))
    except Unproven as hole:
        raise Failed("El historial no está íntegro, y nada se puede demostrar con él: aldia audit verify.") from hole
    except OSError as full:
        raise Failed(f"El expediente no se pudo escribir ({full.strerror or full}).") from full
    messages = sum(len(thread.messages) for thread in made.conversations)
    click.echo(f"Expediente en {out}: {messages} mensajes, {len(made.accounts)} cuentas", err=True)
    click.echo(f"sha256 {digest_of(out)}")


async def _export(conversation: int | None, account: str | None, out: Path) -> Dossier:
    config = settings.load()
    render.configure(
        zone=config.zone, company=config.company, country=config.country, links=False, base_url=config.base_url
    )
    async with database(config) as db:
        async with db.transaction() as tx:
            scope = await _scope(tx, conversation, account)
            record_request(tx, OPERATOR, scope)
        return await compile_pack(db, config, scope, out)


async def _scope(tx: Tx, conversation: int | None, account: str | None) -> Scope:
    found = await (scopes.of_conversation(tx, conversation) if conversation else scopes.of_account(tx, account or ""))
    if found is None:
        what = f"la conversación {conversation}" if conversation else f"la cuenta {account}"
        raise Failed(f"No existe {what}.")
    return found
