"""The ZIP of a pack: JSON, attachments, the PDF, a verifier that needs Python alone, and a signed list of it all."""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import msgspec

from console.audit import AuditEntry
from console.evidence import standalone
from console.evidence.keys import Signer
from console.evidence.shapes import Dossier, Proofs
from console.inbox import media_files
from console.languages.words import as_kept

_CHUNK = 1024 * 1024
_WHEN = (1980, 1, 1, 0, 0, 0)  # the same pack twice is the same file
README = """EXPEDIENTE DE {company}
{scope}
Hecho: {made_at}

  expediente.pdf    para leer
  expediente.json   lo mismo, letra por letra: mensajes, entregas, cuentas
  historial.json    las entradas del historial con sus sellos firmados
  sellos/           lo que una autoridad de tiempo (RFC 3161) dijo de cada sello, si hay una; con OpenSSL:
                    openssl ts -verify -in sellos/N.tsr -digest HUELLA -CAfile RAICES (verificar.py dice la huella)
  media/            los adjuntos; cada archivo se llama como su huella SHA-256
  verificar.py      comprueba todo: python3 verificar.py  (solo necesita Python 3.9 o más nuevo)
  manifiesto.json   la huella de cada archivo; manifiesto.firma es su firma Ed25519

Qué demuestra: que cada entrada del historial estaba así cuando se selló, en ese lugar; que cada mensaje dice lo que
decía cuando se registró; que entre el primero y el último no falta ninguno; que los adjuntos son los mismos.
Qué no demuestra: que no haya otras entradas sobre otra cosa, ni la hora de un reloj ajeno a esta empresa, salvo por las
copias de los sellos que guarden terceros y por las marcas de tiempo de sellos/, cuya firma verificar.py no comprueba.

La clave pública con que se comprueba también se publica en {address}
Compárela, y repita: python3 verificar.py --clave CLAVE
"""


class Contents(msgspec.Struct, frozen=True):
    """What goes into a pack."""

    dossier: Dossier
    proofs: Proofs
    entries: Sequence[AuditEntry]
    media_dir: Path
    address: str
    # What a time-stamping authority said, byte for byte, by the name of the file.
    answers: Mapping[str, bytes] = {}


def write(to: Path, contents: Contents, signer: Signer, *, told: Callable[[int], None] = lambda _done: None) -> None:
    """Write the ZIP to `to`, all or nothing, telling how many attachments are in. Call it from a thread.

    Raises OSError when there is no room, or an attachment that should be there is not.
    """
    part = to.with_name(f"{to.name}.part")
    try:
        with zipfile.ZipFile(part, "w", zipfile.ZIP_DEFLATED) as file:
            _fill(file, contents, signer, told)
        part.replace(to)
    finally:
        part.unlink(missing_ok=True)


def _fill(file: zipfile.ZipFile, contents: Contents, signer: Signer, told: Callable[[int], None]) -> None:
    dossier, digests = contents.dossier, {}
    texts = {
        "LEAME.txt": _readme(contents).encode(),
        "verificar.py": Path(standalone.__file__).read_bytes(),
        "expediente.json": _pretty(dossier),
        "historial.json": _pretty(contents.proofs),
        "expediente.pdf": _paper(contents, signer),
        **contents.answers,
    }
    for name, body in texts.items():
        file.writestr(zipfile.ZipInfo(name, _WHEN), body, zipfile.ZIP_DEFLATED)
        digests[name] = hashlib.sha256(body).hexdigest()
    for done, (name, sha256) in enumerate(_attachments(dossier).items(), start=1):
        digests[name] = _add(file, name, media_files.place(contents.media_dir, sha256))
        told(done)
    listed = {"format": 1, "made_at": dossier.made_at, "key": signer.public, "files": digests}
    manifest = msgspec.json.format(msgspec.json.encode(listed), indent=1)
    file.writestr(zipfile.ZipInfo("manifiesto.json", _WHEN), manifest)
    file.writestr(zipfile.ZipInfo("manifiesto.firma", _WHEN), signer.sign(manifest))


def _paper(contents: Contents, signer: Signer) -> bytes:
    # What draws pages is 30 MB and a second of the start of every process; only the one that makes a pack needs it.
    from console.evidence import document  # noqa: PLC0415

    with tempfile.NamedTemporaryFile(suffix=".pdf") as pdf:
        document.write(
            Path(pdf.name),
            contents.dossier,
            entries=contents.entries,
            proofs=contents.proofs,
            key=signer.public,
        )
        return Path(pdf.name).read_bytes()


def _attachments(dossier: Dossier) -> dict[str, str]:
    """The place of each attachment in the pack, and its hash; one that was sent twice is there once."""
    proofs = {each.file: each.sha256 for each in dossier.consents if each.file and each.sha256}
    return proofs | {
        media.file: media.sha256
        for thread in dossier.conversations
        for said in thread.messages
        for media in said.media
        if media.file and media.sha256
    }


def _add(file: zipfile.ZipFile, name: str, path: Path) -> str:
    digest = hashlib.sha256()
    # Photos and sounds are compressed as they are.
    with path.open("rb") as source, file.open(zipfile.ZipInfo(name, _WHEN), "w", force_zip64=True) as into:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            into.write(chunk)
    return digest.hexdigest()


def _readme(contents: Contents) -> str:
    dossier = contents.dossier
    return README.format(
        company=dossier.company, scope=dossier.scope, made_at=dossier.made_at, address=contents.address
    )


def _pretty(value: Dossier | Proofs) -> bytes:
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=as_kept), indent=1)
