"""Comprueba un expediente de Al Día sin Al Día: basta Python 3.9 o más nuevo, y nada se conecta a ninguna parte.

    python3 verificar.py                     (en la carpeta descomprimida)
    python3 verificar.py expediente.zip --clave HEX

Termina con 0 si todo concuerda y con 1 si algo no. La clave pública que vale es la que se obtuvo por otro camino: sin
--clave se usa la que trae el expediente, y eso solo demuestra que el expediente concuerda consigo mismo.

This file travels inside every pack and must stand on the standard library alone. Ed25519 is RFC 8032, section 5.1.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

Point = tuple[int, int, int, int]
Read = Callable[[str], bytes]

P = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P
ROOT_OF_MINUS_ONE = pow(2, (P - 1) // 4, P)
NAMES = ("expediente.json", "historial.json", "manifiesto.json", "manifiesto.firma")


def add(a: Point, b: Point) -> Point:
    """The sum of two points of the curve, in extended coordinates."""
    m, n = (a[1] - a[0]) * (b[1] - b[0]) % P, (a[1] + a[0]) * (b[1] + b[0]) % P
    c, d = 2 * a[3] * b[3] * D % P, 2 * a[2] * b[2] % P
    e, f, g, h = n - m, d - c, d + c, n + m
    return e * f % P, g * h % P, f * g % P, e * h % P


def times(scalar: int, point: Point) -> Point:
    """`point` added to itself `scalar` times."""
    total: Point = (0, 1, 1, 0)
    while scalar > 0:
        if scalar & 1:
            total = add(total, point)
        point = add(point, point)
        scalar >>= 1
    return total


def unpacked(raw: bytes) -> Point | None:
    """The point that 32 bytes stand for; None where they stand for none."""
    number = int.from_bytes(raw, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if len(raw) != 32 or y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * ROOT_OF_MINUS_ONE % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x & 1 != sign:
        x = P - x
    return x, y, 1, x * y % P


def same(a: Point, b: Point) -> bool:
    """Whether two points are one."""
    return (a[0] * b[2] - b[0] * a[2]) % P == 0 and (a[1] * b[2] - b[1] * a[2]) % P == 0


BASE_Y = 4 * pow(5, P - 2, P) % P
BASE = unpacked(BASE_Y.to_bytes(32, "little")) or (0, 1, 1, 0)


def is_signed(statement: bytes, signature: bytes, public: bytes) -> bool:
    """Whether the owner of `public` signed `statement` (Ed25519)."""
    key, commitment = unpacked(public), unpacked(signature[:32])
    scalar = int.from_bytes(signature[32:], "little")
    if len(signature) != 64 or key is None or commitment is None or scalar >= ORDER:
        return False
    challenge = int.from_bytes(hashlib.sha512(signature[:32] + public + statement).digest(), "little") % ORDER
    return same(times(scalar, BASE), add(commitment, times(challenge, key)))


def from_hex(text: object) -> bytes:
    """The bytes of a hexadecimal text; what is none is no bytes, and so never signed."""
    try:
        return bytes.fromhex(str(text))
    except ValueError:
        return b""


class Findings:
    """What does not agree, and what was looked at."""

    def __init__(self) -> None:
        self.wrong: list[str] = []
        self.fine: list[str] = []

    def must(self, holds: object, what: str) -> bool:
        """Note `what` as wrong unless it `holds`."""
        if not holds:
            self.wrong.append(what)
        return bool(holds)


def check_files(read: Read, found: Findings) -> dict[str, Any]:
    """That every file is the one that was listed, and that the list is signed."""
    raw = read("manifiesto.json")
    manifest: dict[str, Any] = json.loads(raw)
    signature = from_hex(read("manifiesto.firma").decode().strip())
    found.must(is_signed(raw, signature, from_hex(manifest["key"])), "la firma del manifiesto no vale")
    for name, digest in manifest["files"].items():
        try:
            same_bytes = hashlib.sha256(read(name)).hexdigest() == digest
        except (KeyError, OSError):
            found.must(None, "falta el archivo " + name)
            continue
        found.must(same_bytes, "el archivo " + name + " no es el que se firmó")
    found.fine.append(f"{len(manifest['files'])} archivos con su huella, y la lista firmada")
    return manifest


def check_seals(history: dict[str, Any], keys: list[str], found: Findings) -> dict[int, dict[str, Any]]:
    """That every seal is signed by a key that is trusted."""
    for seal in history["seals"]:
        name = "el sello {}".format(seal["number"])
        found.must(seal["key"] in keys, name + " es de una clave que no es de confianza")
        signed = is_signed(statement(seal), from_hex(seal["signature"]), from_hex(seal["key"]))
        found.must(signed, "la firma de " + name + " no vale")
    found.fine.append(f"{len(history['seals'])} sellos del historial, firmados (Ed25519)")
    return {seal["number"]: seal for seal in history["seals"]}


def statement(seal: dict[str, Any]) -> bytes:
    """What a seal signs."""
    lines = (
        "aldia-history-seal 1",
        "number: {}".format(seal["number"]),
        "entries: {}-{}".format(seal["first"], seal["last"]),
        "root: {}".format(seal["root"]),
        "head: {}".format(seal["head"]),
        "at: {}".format(seal["at"]),
        "previous: {}".format(seal["previous"]),
    )
    return "".join(line + "\n" for line in lines).encode()


TST_INFO = bytes.fromhex("2a864886f70d0109100104")
SHA256 = bytes.fromhex("608648016503040201")


def parts(der: bytes) -> list[bytes]:
    """The contents of the elements that stand one after the other in `der` (X.690: tag, length, content)."""
    found, at = [], 0
    while at < len(der):
        length, at = der[at + 1], at + 2
        if length == 128:
            raise ValueError("DER sin longitud")
        if length > 128:
            many = length - 128
            length, at = int.from_bytes(der[at : at + many], "big"), at + many
        if at + length > len(der):
            raise ValueError("DER cortado")
        found.append(der[at : at + length])
        at += length
    return found


def stamped(answer: bytes) -> tuple[bytes, bytes, str]:
    """What a time stamp is about and when, as it says (RFC 3161, 2.4.2): algorithm, hash, time. Checks no signature."""
    _status, token = parts(parts(answer)[0])
    _signed_data, explicit = parts(token)
    content = parts(parts(parts(explicit)[0])[2])
    if content[0] != TST_INFO:
        raise ValueError("no es una marca de tiempo")
    info = parts(parts(parts(content[1])[0])[0])
    algorithm, digest = parts(info[2])
    return parts(algorithm)[0], digest, info[4].decode()


def check_stamps(history: dict[str, Any], seals: dict[int, dict[str, Any]], read: Read, found: Findings) -> None:
    """That each time stamp is about its seal, and says the time that is told. Who signed it is not looked at."""
    told = history.get("stamps", [])
    for stamp in told:
        name = "la marca de tiempo del sello {}".format(stamp["seal"])
        seal = seals.get(stamp["seal"])
        try:
            algorithm, digest, when = stamped(read(stamp["file"]))
        except (IndexError, ValueError) as broken:
            found.must(None, f"{name} no se puede leer ({broken})")
            continue
        if found.must(seal is not None, name + " es de un sello que no está") and seal is not None:
            about = hashlib.sha256(statement(seal) + from_hex(seal["signature"])).digest()
            found.must(algorithm == SHA256 and digest == about, name + " es de otra cosa")
            found.must(same_time(when, stamp["at"]), name + " dice otra hora")
            found.fine.append(
                "sello {} ({}): {} dice {}; huella {}".format(
                    stamp["seal"], seal["at"], stamp["authority"], stamp["at"], about.hex()
                )
            )
    if told:
        found.fine.append(
            f"{len(told)} marcas de tiempo sobre su sello. La FIRMA de la autoridad NO se comprueba aquí, solo de qué "
            "habla: openssl ts -verify -in sellos/N.tsr -digest HUELLA -CAfile RAICES"
        )


def same_time(said: str, told: str) -> bool:
    """Whether a GeneralizedTime in UTC is that moment of ISO 8601, to the microsecond."""
    whole, _, fraction = said.rstrip("Z").partition(".")
    return whole + fraction.ljust(6, "0") == "".join(filter(str.isdigit, told)) and said.endswith("Z")


def check_entries(history: dict[str, Any], seals: dict[int, dict[str, Any]], found: Findings) -> list[dict[str, Any]]:
    """That every entry has the hash it says, and stands at its place under a signed root (RFC 6962)."""
    entries: list[dict[str, Any]] = []
    newest = 0
    for entry in history["entries"]:
        fields = dict(zip(history["fields"], json.loads(entry["hashed"]), strict=False))
        number = fields["id"]
        name = f"la entrada {number}"
        digest = hashlib.sha256(from_hex(entry["previous"]) + entry["hashed"].encode()).digest()
        found.must(digest.hex() == entry["hash"], name + " fue alterada")
        found.must(number > newest, name + " está fuera de orden")
        newest = number
        seal = seals.get(entry["seal"])
        if found.must(seal is not None, name + " no tiene sello") and seal is not None:
            holds = is_below(digest, number, entry["path"], seal)
            found.must(holds, name + " no está bajo el sello que dice")
        entries.append(fields)
    found.fine.append(f"{len(entries)} entradas del historial, cada una en su lugar bajo un sello")
    return entries


def is_below(digest: bytes, number: int, path: list[list[str]], seal: dict[str, Any]) -> bool:
    """Whether the path leads from this entry, at exactly its place, to the seal's root."""
    place, size = number - seal["first"], seal["last"] - seal["first"] + 1
    if not 0 <= place < size:
        return False
    reached = hashlib.sha256(b"\0" + digest).digest()
    steps = iter(path)
    while size > 1:
        if place ^ 1 < size:
            side, neighbour = next(steps, ("", ""))
            if side != ("left" if place & 1 else "right"):
                return False
            pair = (from_hex(neighbour), reached) if side == "left" else (reached, from_hex(neighbour))
            reached = hashlib.sha256(b"\1" + pair[0] + pair[1]).digest()
        place, size = place // 2, (size + 1) // 2
    return next(steps, None) is None and reached.hex() == seal["root"]


def check_messages(dossier: dict[str, Any], entries: list[dict[str, Any]], found: Findings) -> None:
    """That each message says what the history says it said, and that none is missing between two."""
    digests: dict[int, set] = {}  # type: ignore[type-arg]
    for entry in entries:
        new = json.loads(entry["new"]) if entry["new"] else {}
        if entry["message_id"] and isinstance(new, dict) and new.get("digest"):
            digests.setdefault(entry["message_id"], set()).add(new["digest"])
    proven = erased = total = 0
    for conversation in dossier["conversations"]:
        last = 0
        for message in conversation["messages"]:
            total += 1
            name = "el mensaje {} de la conversación {}".format(message["sequence"], conversation["id"])
            found.must(message["sequence"] == last + 1, "falta algo antes de " + name)
            last = message["sequence"]
            if message["id"] not in digests:
                continue
            if message["salt"] is None:
                erased += 1
                continue
            digest = hashlib.sha256(from_hex(message["salt"]) + message["said"].encode()).hexdigest()
            proven += found.must(digest in digests[message["id"]], name + " no dice lo que consta en el historial")
            kind, text, content = json.loads(message["said"])
            as_shown = (message["kind"], message["text"], message["content"]) == (kind, text, content)
            found.must(as_shown, name + " se muestra distinto de como se comprobó")
        found.must(
            last == conversation["last_sequence"], "faltan los últimos mensajes de {}".format(conversation["id"])
        )
    found.fine.append(f"{total} mensajes sin huecos; {proven} con su huella en el historial")
    if erased:
        found.fine.append(f"{erased} mensajes borrados a pedido de su titular: consta que existieron, no qué decían")


def check_consents(dossier: dict[str, Any], entries: list[dict[str, Any]], read: Read, found: Findings) -> None:
    """That each proof of a consent is the one that was recorded."""
    digests = {}
    for entry in entries:
        new = json.loads(entry["new"]) if entry["new"] else {}
        if isinstance(new, dict) and new.get("proof_digest"):
            own = [entry["subject"]] if (entry["subject"] or "").startswith("consent:") else []
            for subject in own + [f"consent:{each}" for each in new.get("consents", [])]:
                digests[subject] = new["proof_digest"]
    proven = 0
    for consent in dossier.get("consents", []):
        name = "la prueba del consentimiento {}".format(consent["id"])
        if consent["file"]:
            found.must(hashlib.sha256(read(consent["file"])).hexdigest() == consent["sha256"], name + " es otra")
        if consent["salt"] is None:
            continue
        digest = hashlib.sha256(from_hex(consent["salt"]) + consent["said"].encode()).hexdigest()
        recorded = digests.get("consent:{}".format(consent["id"]))
        proven += found.must(digest == recorded, name + " no es la que consta en el historial")
        shown = [consent[field] for field in ("shown", "version", "reference", "message_id", "sha256")]
        found.must(json.loads(consent["said"]) == shown, name + " se muestra distinta de como se comprobó")
    if dossier.get("consents"):
        found.fine.append("{} consentimientos y bajas; {} con su prueba".format(len(dossier["consents"]), proven))


def check_media(dossier: dict[str, Any], read: Read, found: Findings) -> None:
    """That each attachment is the one the message names."""
    count = 0
    for conversation in dossier["conversations"]:
        for message in conversation["messages"]:
            for media in message["media"]:
                if media["file"]:
                    count += 1
                    same_bytes = hashlib.sha256(read(media["file"])).hexdigest() == media["sha256"]
                    found.must(same_bytes, "el adjunto {} no es el que se recibió".format(media["file"]))
    found.fine.append(f"{count} adjuntos, iguales a como se guardaron")


def check(read: Read, key: str | None = None) -> Findings:
    """Everything."""
    found = Findings()
    try:
        manifest = check_files(read, found)
        dossier, history = json.loads(read("expediente.json")), json.loads(read("historial.json"))
        keys = [key.lower()] if key else list(history["keys"])
        found.must(manifest["key"] in keys, "el manifiesto está firmado con una clave que no es de confianza")
        seals = check_seals(history, keys, found)
        check_stamps(history, seals, read, found)
        entries = check_entries(history, seals, found)
        check_messages(dossier, entries, found)
        check_consents(dossier, entries, read, found)
        check_media(dossier, read, found)
    except (KeyError, OSError, ValueError, TypeError) as broken:
        found.must(None, f"el expediente está incompleto o dañado ({type(broken).__name__}: {broken})")
    return found


def opened(path: Path) -> Read:
    """How the files of a folder or of a ZIP are read."""
    if path.is_dir():
        return lambda name: (path / name).read_bytes()
    return zipfile.ZipFile(path).read


def main(arguments: list[str] | None = None) -> int:
    """Say what was found, in Spanish; 0 when all agrees."""
    parser = argparse.ArgumentParser(description="Comprueba un expediente de Al Día.")
    parser.add_argument("expediente", nargs="?", default=str(Path(__file__).resolve().parent))
    parser.add_argument("--clave", help="la clave pública de los sellos, obtenida por otro camino")
    options = parser.parse_args(arguments)
    try:
        found = check(opened(Path(options.expediente)), options.clave)
    except (OSError, zipfile.BadZipFile) as broken:
        sys.stderr.write(f"No se puede leer el expediente: {broken}\n")
        return 1
    for line in found.fine:
        sys.stdout.write("  " + line + "\n")
    if found.wrong:
        sys.stdout.write("NO CONCUERDA:\n" + "".join("  - " + line + "\n" for line in found.wrong))
        return 1
    sys.stdout.write("TODO CONCUERDA.\n")
    if not options.clave:
        sys.stdout.write("Compare la clave de historial.json con la publicada, y repita con --clave.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
