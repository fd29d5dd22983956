"""The verifier that travels in a pack: its Ed25519 is the RFC's, and it runs where nothing of ours is installed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from console.evidence import standalone

# RFC 8032, section 7.1: public key, message, signature.
VECTORS = [
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        """e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155
        5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b""",
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        """92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da
        085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00""",
    ),
    (
        "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
        "af82",
        """6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac
        18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a""",
    ),
]


@pytest.mark.parametrize(("public", "message", "signature"), VECTORS)
def test_the_rfc_s_signatures_hold_and_no_bit_of_them_may_change(public: str, message: str, signature: str) -> None:
    key, said, signed = bytes.fromhex(public), bytes.fromhex(message), bytes.fromhex(signature)

    assert standalone.is_signed(said, signed, key)
    assert not standalone.is_signed(said + b"x", signed, key)
    for place in (0, 31, 32, 63):
        touched = bytearray(signed)
        touched[place] ^= 1
        assert not standalone.is_signed(said, bytes(touched), key)


@settings(max_examples=15, deadline=None)
@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80))
def test_it_agrees_with_the_library_that_signs(seed: bytes, said: bytes) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    public = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)

    assert standalone.is_signed(said, private.sign(said), public)
    assert not standalone.is_signed(said, private.sign(said + b"!"), public)


@pytest.mark.parametrize("rubbish", [b"", b"\xff" * 32, b"\xff" * 64, b"\0" * 64, b"\0" * 31])
def test_rubbish_is_signed_by_nobody(rubbish: bytes) -> None:
    assert not standalone.is_signed(b"x", rubbish, bytes.fromhex(VECTORS[0][0]))
    assert not standalone.is_signed(b"x", bytes.fromhex(VECTORS[0][2]), rubbish)


def test_a_scalar_above_the_order_is_refused() -> None:
    """RFC 8032, 5.1.7: otherwise every signature would have a twin."""
    public, message, signature = (bytes.fromhex(each) for each in VECTORS[1])
    twin = int.from_bytes(signature[32:], "little") + standalone.ORDER

    assert not standalone.is_signed(message, signature[:32] + twin.to_bytes(32, "little"), public)


def test_it_stands_on_the_standard_library_alone(tmp_path: Path) -> None:
    """In a Python without our packages (-I -S), on a folder with nothing in it."""
    script = tmp_path / "verificar.py"
    script.write_bytes(Path(standalone.__file__).read_bytes())

    ran = subprocess.run(
        [sys.executable, "-I", "-S", script], capture_output=True, text=True, check=False, cwd=tmp_path
    )

    assert ran.returncode == 1
    assert "está incompleto o dañado" in ran.stdout
