"""The access token on the Graph: who is let in, and what the token debugger says of it."""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping

from integrations.simulator.graph_errors import GraphError
from integrations.simulator.graph_number import APP
from integrations.simulator.payloads import Json
from integrations.simulator.simulation import Simulation

PATH = re.compile(r"(?:/v\d+(?:\.\d+)?)?/debug_token/?")
SCOPES = ("whatsapp_business_management", "whatsapp_business_messaging")


def authorise(sim: Simulation, given: str) -> None:
    """Let in who comes with the token, for as long as it holds; the GraphError for everybody else.

    Uploads of samples name it OAuth, as Meta's guide does.
    """
    scheme, _, token = given.partition(" ")
    if scheme.lower() not in {"bearer", "oauth"} or not token:
        raise GraphError(104)
    if not _is_ours(sim, token) or _is_over(sim):
        raise GraphError(190, subcode=463)


def facts(sim: Simulation, query: Mapping[str, str]) -> Json:
    """`GET /debug_token?input_token=`; a token nobody knows is an answer too, and not an error."""
    token = query.get("input_token")
    if not token:
        raise GraphError(100, "The parameter input_token is required.")
    about: Json = {"app_id": APP["id"], "application": APP["name"], "type": "SYSTEM_USER"}
    if not _is_ours(sim, token):
        error = {"code": 190, "message": "Invalid OAuth access token.", "subcode": 463}
        return {"data": {**about, "error": error, "is_valid": False, "scopes": []}}
    business = [sim.settings.business_account_id]
    return {
        "data": {
            **about,
            "data_access_expires_at": 0,
            "expires_at": int(sim.world.token_expires_at or 0),
            "is_valid": True,
            "scopes": [*SCOPES, "public_profile"],
            "granular_scopes": [{"scope": scope, "target_ids": business} for scope in SCOPES],
            "user_id": "122100000000000001",
        }
    }


def _is_ours(sim: Simulation, token: str) -> bool:
    expected = sim.settings.access_token
    return not expected or hmac.compare_digest(token.encode(), expected.encode())


def _is_over(sim: Simulation) -> bool:
    return sim.world.token_expires_at is not None and sim.now() >= sim.world.token_expires_at
