"""A time-stamping authority on loopback: certificates of its own, OpenSSL's answers, and every way to misbehave."""

from __future__ import annotations

import asyncio
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

_SECTION = """[tsa]
default_tsa = authority
[authority]
serial = {folder}/serial
signer_cert = {folder}/{name}.pem
signer_key = {folder}/{name}.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_alg = sha256
"""
Misbehave = Callable[[bytes], bytes]


class Authority:
    """Answers what is asked at `url` as `behaves` says; `root` is who vouches for it. Counts what it was asked."""

    def __init__(self, folder: Path) -> None:
        self.url = ""
        self.root = folder / "root.pem"
        self.asked: list[bytes] = []
        self.status = 200
        self.is_silent = False
        self.behaves: Misbehave = self.stamp
        self._folder = folder
        folder.mkdir()
        root, root_key = self._certificate("root", None, None)
        self._certificate("good", root, root_key)
        self._certificate("expired", root, root_key, days=(-5, -2))
        (folder / "serial").write_text("01\n")

    def stamp(self, query: bytes, name: str = "good") -> bytes:
        """What the authority called `name` answers, as it should."""
        (self._folder / "query.tsq").write_bytes(query)
        (self._folder / "tsa.cnf").write_text(_SECTION.format(folder=self._folder, name=name))
        files = ["-config", self._folder / "tsa.cnf", "-queryfile", self._folder / "query.tsq"]
        command = ["openssl", "ts", "-reply", *map(str, files), "-section", "authority"]
        return subprocess.run(command, check=True, capture_output=True, timeout=20).stdout

    def verified(self, answer: Path, digest: str) -> bool:
        """Whether OpenSSL, which knows nothing of us, agrees that `answer` is about `digest`."""
        command: list[str | Path] = ["openssl", "ts", "-verify", "-in", answer, "-digest", digest, "-CAfile", self.root]
        return subprocess.run(command, check=False, capture_output=True, timeout=20).returncode == 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[Authority]:
        """Listening, for as long as the block."""
        server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
        async with server:
            self.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/tsa"
            yield self

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        length = int(head.split("content-length:")[1].split("\r\n")[0])
        query = await reader.readexactly(length)
        self.asked.append(query)
        if self.is_silent:
            await reader.read()  # until the other side gives up
        else:
            body = self.behaves(query)
            writer.write(
                f"HTTP/1.1 {self.status} x\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n".encode()
            )
            writer.write(body)
            await writer.drain()
        writer.close()

    def _certificate(
        self,
        name: str,
        issuer: x509.Certificate | None,
        issuer_key: RSAPrivateKey | None,
        *,
        days: tuple[int, int] = (-10, 100),
    ) -> tuple[x509.Certificate, RSAPrivateKey]:
        key, now = generate_private_key(public_exponent=65537, key_size=2048), datetime.now(UTC)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Autoridad de pruebas {name}")])
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer.subject if issuer else subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now + timedelta(days=days[0]))
            .not_valid_after(now + timedelta(days=days[1]))
            .add_extension(x509.BasicConstraints(ca=issuer is None, path_length=None), critical=True)
        )
        if issuer is not None:
            use = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
            builder = builder.add_extension(use, critical=True)
        certificate = builder.sign(issuer_key or key, hashes.SHA256())
        pem, traditional = serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL
        (self._folder / f"{name}.pem").write_bytes(certificate.public_bytes(pem))
        (self._folder / f"{name}.key").write_bytes(key.private_bytes(pem, traditional, serialization.NoEncryption()))
        return certificate, key
