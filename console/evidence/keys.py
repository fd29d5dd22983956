"""The key that seals are signed with (Ed25519, RFC 8032): derived from the secret key, so there is no file to lose."""

from __future__ import annotations

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from console.settings import Settings

KEYS_PATH = "/.well-known/aldia-seals"
"""Where anybody finds the public keys."""
_PURPOSE = b"aldia history seal 1"


class Signer(msgspec.Struct, frozen=True):
    """Who signs: the private key, and its public half in hexadecimal."""

    private: Ed25519PrivateKey
    public: str

    def sign(self, statement: bytes) -> str:
        """The signature of `statement`, in hexadecimal."""
        return self.private.sign(statement).hex()


def signer_of(secret_key: str) -> Signer:
    """The signer of a console with this secret key; another secret key is another signer."""
    seed = HKDF(algorithm=hashes.SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret_key.encode())
    private = Ed25519PrivateKey.from_private_bytes(seed)
    raw = private.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return Signer(private, raw.hex())


def trusted_keys(settings: Settings) -> tuple[str, ...]:
    """The public keys whose seals hold: the present one, and those of secret keys that were rotated."""
    return (signer_of(settings.secret_key).public, *settings.former_seal_keys)


def is_signed(statement: bytes, signature: str, public: str) -> bool:
    """Whether `signature` of `statement` was made by the owner of `public`. Rubbish is signed by nobody."""
    try:
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(public)).verify(bytes.fromhex(signature), statement)
    except (InvalidSignature, ValueError):
        return False
    return True
