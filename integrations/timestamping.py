"""A time-stamping authority (RFC 3161): asked over HTTP that some bytes existed, and held to its answer.

Only a hash leaves this machine. The answer is signed, so that it may travel over plain http, which most of them speak.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import warnings
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

import certifi
import httpx
import msgspec
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

TOTAL = 15.0
"""Seconds: who takes longer has not answered."""
LARGEST = 64 * 1024
_TIMEOUT = httpx.Timeout(connect=5, read=10, write=10, pool=5)
_SHA256 = x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1")

Why = Literal[
    "silent",  # no answer, or an HTTP error
    "rubbish",  # an answer that is none
    "refused",  # the authority says no (PKIStatus)
    "forged",  # signed by nobody, or changed since
    "unknown_certificate",  # signed by somebody whom none of the roots vouches for
    "expired_certificate",  # whose certificate did not hold at the time it says
    "other_nonce",  # an answer to another question
    "other_imprint",  # about other bytes
]


class Unstamped(Exception):  # noqa: N818 an answer about an answer
    """There is no time stamp, or what is there does not hold; `why` says so in one word, and no more is known."""

    def __init__(self, why: Why) -> None:
        super().__init__(why)
        self.why: Why = why


class Stamped(msgspec.Struct, frozen=True):
    """What an answer says that holds: when, in UTC, how exactly, and who signed it (their certificate's name)."""

    at: datetime
    accuracy: timedelta
    authority: str


def roots_in(path: Path | None) -> list[x509.Certificate]:
    """The certificates of a PEM file; without one those that browsers trust. Raises ValueError, OSError."""
    if path is None:
        return _of_browsers()
    found = x509.load_pem_x509_certificates(path.read_bytes())
    if not found:
        raise ValueError("no certificate in it")
    return found


@functools.cache
def _of_browsers() -> list[x509.Certificate]:
    """One by one: an old root that is malformed takes none of the others away."""
    end = b"-----END CERTIFICATE-----"
    found = []
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for each in Path(certifi.where()).read_bytes().split(end)[:-1]:
            try:
                found.append(x509.load_pem_x509_certificate(each[each.index(b"-----BEGIN") :] + end))
            except (ValueError, Warning):
                continue
    return found


async def ask(
    http: httpx.AsyncClient, url: str, said: bytes, roots: Sequence[x509.Certificate]
) -> tuple[bytes, Stamped]:
    """What the authority at `url` answers about `said` (a DER TimeStampResp), and what it says. Raises Unstamped."""
    request = TimestampRequestBuilder().data(said).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = await _exchange(http, url, request.as_bytes())
    return answer, await asyncio.to_thread(check, answer, said, roots, nonce=request.nonce)


def check(answer: bytes, said: bytes, roots: Sequence[x509.Certificate], *, nonce: int | None = None) -> Stamped:
    """What `answer` says about `said`, vouched for by one of `roots`. Raises Unstamped. Takes milliseconds of CPU.

    Certificates must have held when the stamp was given, not now: a stamp outlives whoever gave it.
    """
    try:
        response = decode_timestamp_response(answer)
        if response.status != 0:
            raise Unstamped("refused")
        info = response.tst_info
        imprint = info.message_imprint
        if imprint.hash_algorithm != _SHA256 or imprint.message != hashlib.sha256(said).digest():
            raise Unstamped("other_imprint")
        VerifierBuilder(roots=list(roots), nonce=nonce).build().verify_message(response, said)
        return Stamped(info.gen_time.astimezone(UTC), _accuracy(response), _signer(response))
    except VerificationError as wrong:
        raise Unstamped(_why(str(wrong))) from wrong
    except ValueError as rubbish:
        raise Unstamped("rubbish") from rubbish


def _why(said: str) -> Why:
    """The library says it in words of OpenSSL (X509_verify_cert_error_string), which hold still."""
    if "Nonce mismatch" in said:
        return "other_nonce"
    if "certificate verify error" not in said:
        return "forged"
    return "expired_certificate" if "has expired" in said or "not yet valid" in said else "unknown_certificate"


def _accuracy(response: TimeStampResponse) -> timedelta:
    given = response.tst_info.accuracy
    if given is None:
        return timedelta()
    return timedelta(seconds=given.seconds or 0, milliseconds=given.millis or 0, microseconds=given.micros or 0)


def _signer(response: TimeStampResponse) -> str:
    signed = response.signed_data
    whose = {(each.issuer, each.serial_number) for each in signed.signer_infos}
    for der in signed.certificates:
        certificate = x509.load_der_x509_certificate(der)
        if (certificate.issuer, certificate.serial_number) in whose:
            names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
            return str(names[0].value)[:200] if names else certificate.subject.rfc4514_string()[:200]
    return ""


async def _exchange(http: httpx.AsyncClient, url: str, query: bytes) -> bytes:
    """RFC 3161, section 3.4: one POST, one answer; bounded in time and size, and no redirect followed."""
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    try:
        async with (
            asyncio.timeout(TOTAL),
            http.stream("POST", url, content=query, headers=headers, timeout=_TIMEOUT) as response,
        ):
            if response.status_code != 200:
                raise Unstamped("silent")
            answer = b""
            async for chunk in response.aiter_bytes():
                answer += chunk
                if len(answer) > LARGEST:
                    raise Unstamped("rubbish")
            return answer
    except (httpx.HTTPError, httpx.StreamError, TimeoutError) as nothing:
        raise Unstamped("silent") from nothing
