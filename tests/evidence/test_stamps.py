"""A time-stamping authority (RFC 3161) as a witness of the seals: a real one on loopback, and all it may do wrong."""

from __future__ import annotations

import contextlib
import shutil
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import settings as how
from hypothesis import strategies as st
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from console import audit, clock
from console.audit import Verdict
from console.db import Database
from console.evidence import seals, stamping, stamps, standalone, verifying
from console.evidence.keys import signer_of
from console.evidence.stamps import Stamp
from console.settings import Settings, UnsafeSettings, load
from integrations import timestamping
from integrations.timestamping import Unstamped
from tests.conftest import SECRET_KEY
from tests.evidence.authority import Authority
from tests.evidence.test_packs import packed, unpacked, verified
from tests.front import a_console, settings_for
from tests.inbox import meta
from tests.test_audit import a_history

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="OpenSSL is the authority here")
SIGNER = signer_of(SECRET_KEY)
WHOLE = {
    "ALDIA_SECRET_KEY": SECRET_KEY,
    "ALDIA_BASE_URL": "https://cobranza.example",
    "WHATSAPP_PHONE_NUMBER_ID": "1",
    "WHATSAPP_BUSINESS_ACCOUNT_ID": "2",
    "WHATSAPP_ACCESS_TOKEN": "t",
    "WHATSAPP_APP_SECRET": "s",
    "WHATSAPP_VERIFY_TOKEN": "v",
}


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority") / "ca")


@pytest.fixture
async def authority(certificates: Authority) -> AsyncIterator[Authority]:
    certificates.behaves, certificates.status, certificates.is_silent = certificates.stamp, 200, False
    certificates.asked.clear()
    async with certificates.open() as authority:
        yield authority


@pytest.fixture
def settings(authority: Authority, tmp_path: Path) -> Settings:
    return settings_for("sqlite+aiosqlite://", tmp_path, tsa_url=authority.url, tsa_ca=authority.root)


@pytest.fixture
def late() -> Iterator[None]:
    """Our clock is what a test says; the authority's is the machine's."""
    yield
    clock.set_source(None)


async def sealed(database: Database) -> None:
    async with database.transaction() as tx:
        audit.record(tx, audit.SYSTEM, "channel.updated")
    await seals.seal_up(database, SIGNER, clock.now())


async def kept(database: Database) -> list[Stamp]:
    async with database.reading() as tx:
        found = await stamps.of_seals(tx, list(range(1, 100)))
    return sorted(found.values(), key=lambda stamp: stamp.seal_id)


async def trouble(database: Database) -> str | None:
    async with database.reading() as tx:
        return await stamps.trouble(tx)


async def checked(database: Database, settings: Settings) -> Verdict:
    async with database.reading() as tx:
        return await verifying.check(
            tx, SECRET_KEY, keys=[SIGNER.public], now=clock.now(), trust=stamps.trust_of(settings)
        )


async def rewritten(database: Database, *statements: str) -> None:
    """By somebody who owns the database, and so may take the guards away."""
    async with database.writer.begin() as connection:
        if database.is_sqlite:
            for verb in ("update", "delete"):
                await connection.execute(text(f"DROP TRIGGER IF EXISTS audit_stamp_no_{verb}"))
        else:
            await connection.execute(text("ALTER TABLE audit_stamp DISABLE TRIGGER ALL"))
        for statement in statements:
            await connection.execute(text(statement))


async def test_each_seal_is_stamped_once_by_somebody_else_s_clock_and_verifies(
    database: Database, settings: Settings, authority: Authority
) -> None:
    await a_history(database)
    await sealed(database)
    await sealed(database)

    made = await stamping.stamp_some(database, settings)
    again = await stamping.stamp_some(database, settings)
    verdict = await checked(database, settings)

    assert (made, again, len(authority.asked)) == (2, 0, 2)
    assert [(stamp.seal_id, stamp.authority) for stamp in await kept(database)] == [
        (1, "Autoridad de pruebas good"),
        (2, "Autoridad de pruebas good"),
    ]
    assert all(stamp.skew == timedelta() for stamp in await kept(database))
    assert verdict.intact, verdict.reason
    assert verdict.notes == []


async def test_a_stamp_cannot_be_changed_or_removed(
    database: Database, settings: Settings, authority: Authority
) -> None:
    await sealed(database)
    await stamping.stamp_some(database, settings)

    for statement in ("UPDATE audit_stamp SET authority = 'x'", "DELETE FROM audit_stamp"):
        with pytest.raises(DBAPIError, match="history cannot be changed"):
            async with database.writer.begin() as connection:
                await connection.execute(text(statement))


def _elsewhere(query: bytes, authority: Authority) -> bytes:
    """What was asked is stamped, with another hash in it."""
    digest = query[query.index(b"\x04\x20") + 2 :][:32]
    return authority.stamp(query.replace(digest, bytes(reversed(digest))))


def _another_nonce(query: bytes, authority: Authority) -> bytes:
    digest = query[query.index(b"\x04\x20") + 2 :][:32]
    other = TimestampRequestBuilder().data(b"x").hash_algorithm(HashAlgorithm.SHA256).build()
    [was] = [other.as_bytes()[at + 2 :][:32] for at in [other.as_bytes().index(b"\x04\x20")]]
    return authority.stamp(other.as_bytes().replace(was, digest))


def _touched(query: bytes, authority: Authority) -> bytes:
    answer = bytearray(authority.stamp(query))
    answer[-3] ^= 1
    return bytes(answer)


FAULTS = {
    "a forged signature": ("forged", 200, _touched),
    "another nonce": ("other_nonce", 200, _another_nonce),
    "another imprint": ("other_imprint", 200, _elsewhere),
    "an expired certificate": ("expired_certificate", 200, lambda query, they: they.stamp(query, "expired")),
    "a refusal": ("refused", 200, lambda *_: bytes.fromhex("30053003020102")),
    "a page": ("rubbish", 200, lambda *_: b"<html>Mantenimiento</html>"),
    "nothing": ("rubbish", 200, lambda *_: b""),
    "too much": ("rubbish", 200, lambda *_: b"0" * 100_000),
    "an error of theirs": ("silent", 503, lambda *_: b"x"),
    "a way elsewhere": ("silent", 302, lambda *_: b""),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_what_is_no_stamp_is_not_kept_and_asked_for_again(
    fault: str, sqlite_database_url: str, settings: Settings, authority: Authority, late: None
) -> None:
    why, status, answer = FAULTS[fault]
    database = Database(sqlite_database_url, seal=audit.sealer(SECRET_KEY))
    await sealed(database)
    authority.status, authority.behaves = status, lambda query: answer(query, authority)

    first = await stamping.stamp_some(database, settings)
    at_once = await stamping.stamp_some(database, settings)
    said = await trouble(database)
    authority.status, authority.behaves = 200, authority.stamp
    clock.set_source(lambda: datetime.now(UTC) + stamping.RETRY_AFTER)
    later = await stamping.stamp_some(database, settings)

    assert (first, said) == (0, why)
    assert (at_once, len(authority.asked)) == (0, 2), "not oftener than RETRY_AFTER"
    assert later == 1
    assert (await trouble(database), len(await kept(database))) == (None, 1)
    await database.close()


async def test_one_whom_no_root_of_ours_vouches_for_is_not_believed(
    database: Database, settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    await sealed(database)
    stranger = Authority(tmp_path / "stranger")
    authority.behaves = stranger.stamp

    assert await stamping.stamp_some(database, settings) == 0
    assert await trouble(database) == "unknown_certificate"


async def test_a_silent_authority_holds_nobody_up(
    database: Database, settings: Settings, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(timestamping, "TOTAL", 0.3)
    authority.is_silent = True
    await sealed(database)

    assert await stamping.stamp_some(database, settings) == 0
    await sealed(database)

    assert await trouble(database) == "silent"
    assert (await checked(database, settings)).intact


async def test_many_seals_are_caught_up_with_in_rounds_the_newest_first(
    sqlite_database_url: str, settings: Settings, authority: Authority
) -> None:
    database = Database(sqlite_database_url, seal=audit.sealer(SECRET_KEY))
    for _ in range(3):
        await sealed(database)

    assert await stamping.stamp_some(database, settings, most=2) == 2
    assert [stamp.seal_id for stamp in await kept(database)] == [2, 3]
    assert await stamping.stamp_some(database, settings, most=2) == 1
    assert await stamping.stamp_some(database, settings, most=2) == 0
    await sealed(database)
    assert await stamping.stamp_some(database, settings, most=1) == 1
    await sealed(database)
    assert await stamping.stamp_some(database, settings) == 1
    assert [stamp.seal_id for stamp in await kept(database)] == [1, 2, 3, 4, 5]
    await database.close()


async def test_roots_that_went_away_are_a_trouble_and_no_end(
    database: Database, settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    await sealed(database)
    gone = settings_for("sqlite+aiosqlite://", tmp_path, tsa_url=authority.url, tsa_ca=tmp_path / "gone.pem")

    assert await stamping.stamp_some(database, gone) == 0
    assert await trouble(database) == "unknown_certificate"


async def test_its_clock_and_ours_apart_are_said_and_break_nothing(
    database: Database, settings: Settings, authority: Authority, late: None
) -> None:
    clock.set_source(lambda: datetime.now(UTC) - timedelta(minutes=3))
    await sealed(database)
    await stamping.stamp_some(database, settings)

    verdict = await checked(database, settings)

    [stamp] = await kept(database)
    assert abs(stamp.skew - timedelta(minutes=3)) < timedelta(seconds=10)
    assert verdict.intact
    assert any("difería del nuestro en 1 sellos" in note for note in verdict.notes)


async def test_a_history_sealed_anew_with_old_dates_has_stamps_of_today(
    database: Database, settings: Settings, authority: Authority, late: None
) -> None:
    """Whoever rewrites everything, with the key, can put any date on a seal; the authority puts its own."""
    clock.set_source(lambda: datetime.now(UTC) - timedelta(days=40))
    await sealed(database)
    clock.set_source(None)
    await stamping.stamp_some(database, settings)

    verdict = await checked(database, settings)

    assert verdict.intact
    assert any("llevan otra hora que su marca de tiempo; el primero, el 1" in note for note in verdict.notes)


@pytest.mark.parametrize(
    ("attack", "said"),
    [
        ("UPDATE audit_stamp SET answer = (SELECT answer FROM audit_stamp WHERE seal_id = 2)", "es de otro sello"),
        ("UPDATE audit_stamp SET at = asked_at", "dice otra hora"),
    ],
)
async def test_a_stamp_that_was_touched_is_named(
    database: Database, settings: Settings, authority: Authority, attack: str, said: str
) -> None:
    await sealed(database)
    await sealed(database)
    await stamping.stamp_some(database, settings)
    await rewritten(database, attack)

    verdict = await checked(database, settings)

    assert not verdict.intact
    assert verdict.first_bad == 1
    assert said in str(verdict.reason)


async def test_without_an_authority_nothing_is_asked_and_a_strange_stamp_is_odd_only(
    database: Database, settings: Settings, authority: Authority, tmp_path: Path
) -> None:
    none = settings_for("sqlite+aiosqlite://", tmp_path)
    await sealed(database)
    assert await stamping.stamp_some(database, none) == 0
    await stamping.stamp_some(database, settings)

    verdict = await checked(database, none)

    assert verdict.intact
    assert verdict.notes == ["1 marcas de tiempo son de una autoridad que no se conoce (vea ALDIA_TSA_CA)."]


async def test_a_pack_carries_the_stamp_and_three_programs_agree_about_it(
    sqlite_database_url: str, authority: Authority, tmp_path: Path
) -> None:
    settings = settings_for(sqlite_database_url, tmp_path, tsa_url=authority.url, tsa_ca=authority.root)
    async with a_console(settings) as front:
        ana = await front.agent("Rosa", role="supervisor")
        assert (await front.webhook(meta.body(meta.text("Hola")))).status_code == 200
        where = unpacked(await packed(front, tmp_path / "pack.zip"), tmp_path / "out")
        page = await ana.see("/audit")

    code, said = verified(where, "--clave", SIGNER.public)
    [answer] = (where / "sellos").iterdir()
    digest = said.split("huella ")[1].split()[0]

    assert code == 0, said
    assert "La FIRMA de la autoridad NO se comprueba aquí" in said
    assert authority.verified(answer, digest)
    assert not authority.verified(answer, "0" * 64)
    assert "según Autoridad de pruebas good" in page
    (where / "sellos" / answer.name).write_bytes(answer.read_bytes()[:-200])
    assert verified(where, "--clave", SIGNER.public)[0] == 1


async def test_a_pack_is_made_without_an_authority_that_is_away(
    sqlite_database_url: str, authority: Authority, tmp_path: Path
) -> None:
    authority.status = 500
    settings = settings_for(sqlite_database_url, tmp_path, tsa_url=authority.url, tsa_ca=authority.root)
    async with a_console(settings) as front:
        rosa = await front.agent("Rosa", role="supervisor")
        assert (await front.webhook(meta.body(meta.text("Hola")))).status_code == 200
        with zipfile.ZipFile(await packed(front, tmp_path / "pack.zip")) as pack:
            names = pack.namelist()
        page = await rosa.see("/audit")

    assert not [name for name in names if name.startswith("sellos/")]
    assert "La autoridad de tiempo no marca los sellos: la autoridad no responde" in page
    assert "Aún sin marca de tiempo" in page


@how(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), min_size=1, max_size=4), st.integers(0, 40))
def test_no_answer_however_mangled_is_believed_or_breaks_anything(
    certificates: Authority, places: list[tuple[int, int]], cut: int
) -> None:
    request = TimestampRequestBuilder().data(b"hola").hash_algorithm(HashAlgorithm.SHA256).build()
    whole = _GOOD.setdefault("answer", certificates.stamp(request.as_bytes()))
    roots = x509.load_pem_x509_certificates(certificates.root.read_bytes())
    mangled = bytearray(whole[: len(whole) - cut])
    for at, byte in places:
        mangled[at % len(mangled)] = byte

    try:
        told = timestamping.check(bytes(mangled), b"hola", roots)
    except Unstamped:
        pass
    else:
        assert told.at == timestamping.check(whole, b"hola", roots).at
    with contextlib.suppress(ValueError, IndexError):
        standalone.stamped(bytes(mangled))


_GOOD: dict[str, bytes] = {}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("ALDIA_TSA_URL", "ftp://sello.example", "ALDIA_TSA_URL"),
        ("ALDIA_TSA_URL", "sello", "ALDIA_TSA_URL"),
        ("ALDIA_TSA_CA", "/no/such/file.pem", "ALDIA_TSA_CA"),
        ("ALDIA_TSA_CA", __file__, "ALDIA_TSA_CA"),
    ],
)
def test_settings_that_could_not_work_are_refused_at_the_start(
    name: str, value: str, said: str, tmp_path: Path
) -> None:
    with pytest.raises(UnsafeSettings, match=said):
        load({**WHOLE, name: value}, dotenv=tmp_path / "none")
