"""An OpenID Connect provider: where to send somebody, and who its signed answer says they are.

OpenID Connect Core 1.0 §3.1 (authorization code), with PKCE (RFC 7636, S256), state and nonce.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

# Signatures with a public key only: a token "signed" with the client's secret, or with nothing, is no proof.
ALGORITHMS = ["RS256", "PS256", "ES256"]
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
KNOWN_FOR = 3600.0
_SECONDS = 10.0


class NotProven(Exception):  # noqa: N818 read aloud in the history
    """The answer proves nobody; the text says why, without anything that came with it."""


class Journey(msgspec.Struct, frozen=True):
    """What this browser set out with, and must come back with."""

    state: str
    nonce: str
    verifier: str


class Identity(msgspec.Struct, frozen=True):
    """Whom the provider vouches for. `email` is given only where the provider says that it is verified."""

    subject: str
    email: str | None


def set_out() -> Journey:
    """Fresh secrets for one journey."""
    return Journey(secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48))


class Provider:
    """One provider, by its issuer; what it publishes about itself is kept for an hour."""

    def __init__(self, http: httpx.AsyncClient, *, issuer: str, client_id: str, secret: str, redirect_uri: str) -> None:
        self._http = http
        self._issuer = issuer
        self._client_id = client_id
        self._secret = secret
        self._redirect_uri = redirect_uri
        self._known: tuple[float, dict[str, Any], KeySet] | None = None

    async def address(self, journey: Journey) -> str:
        """Where to send the browser. Raises NotProven when the provider cannot be asked."""
        facts, _ = await self._facts()
        challenge = base64.urlsafe_b64encode(hashlib.sha256(journey.verifier.encode()).digest()).rstrip(b"=").decode()
        asked = {
            "response_type": "code",
            "client_id": self._client_id,
            "redirect_uri": self._redirect_uri,
            "scope": "openid email",
            "state": journey.state,
            "nonce": journey.nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{facts['authorization_endpoint']}?{urlencode(asked)}"

    async def who(self, code: str, journey: Journey) -> Identity:
        """Whom `code` stands for, once the token for it is checked. Raises NotProven."""
        facts, keys = await self._facts()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": journey.verifier,
        }
        try:
            answer = await self._http.post(
                facts["token_endpoint"], data=form, auth=(self._client_id, self._secret), timeout=_SECONDS
            )
            told = answer.json() if answer.is_success else {}
        except (httpx.HTTPError, ValueError) as failure:
            raise NotProven("the provider did not answer") from failure
        token = told.get("id_token") if isinstance(told, dict) else None
        if not isinstance(token, str):
            raise NotProven("the provider gave no identity")
        return self._read(token, keys, journey)

    def _read(self, token: str, keys: KeySet, journey: Journey) -> Identity:
        wanted = jwt.JWTClaimsRegistry(
            now=int(time.time()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._issuer},
            aud={"essential": True, "value": self._client_id},
            nonce={"essential": True, "value": journey.nonce},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
        )
        try:
            claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
            wanted.validate(claims)
        except (JoseError, ValueError, TypeError) as wrong:
            raise NotProven(f"the identity does not hold: {type(wrong).__name__}") from wrong
        if isinstance(claims["aud"], list) and len(claims["aud"]) > 1 and claims.get("azp") != self._client_id:
            raise NotProven("the identity is for somebody else")
        email = claims.get("email")
        is_verified = claims.get("email_verified") is True and isinstance(email, str)
        return Identity(str(claims["sub"]), str(email) if is_verified else None)

    async def _facts(self) -> tuple[dict[str, Any], KeySet]:
        if self._known is not None and time.monotonic() - self._known[0] < KNOWN_FOR:
            return self._known[1], self._known[2]
        try:
            found = await self._http.get(
                f"{self._issuer.rstrip('/')}/.well-known/openid-configuration", timeout=_SECONDS
            )
            facts = found.raise_for_status().json()
            keys = await self._http.get(facts["jwks_uri"], timeout=_SECONDS)
            key_set = KeySet.import_key_set(keys.raise_for_status().json())
        except (httpx.HTTPError, ValueError, KeyError, TypeError, JoseError) as failure:
            raise NotProven("the provider cannot be asked") from failure
        if facts.get("issuer") != self._issuer or not {"authorization_endpoint", "token_endpoint"} <= facts.keys():
            raise NotProven("the provider is not the one that was named")
        self._known = (time.monotonic(), facts, key_set)
        return facts, key_set
