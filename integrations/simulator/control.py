"""What the doors of the control API share: the simulation, bodies that may be left out, refusals as JSON."""

from __future__ import annotations

from typing import Any, TypeVar

import msgspec
from litestar import Request, Response
from litestar.exceptions import ClientException, NotFoundException
from litestar.status_codes import HTTP_409_CONFLICT

from integrations.simulator.graph_errors import GraphError
from integrations.simulator.inbound import ImpossibleError
from integrations.simulator.simulation import Simulation
from integrations.simulator.world import Thread

Wanted = TypeVar("Wanted")


async def given(request: Request[Any, Any, Any], kind: type[Wanted]) -> Wanted:
    """The JSON body as `kind`, which an absent body leaves at its defaults; raises 400 naming what is wrong."""
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as wrong:
        raise ClientException(detail=str(wrong)) from wrong


def thread_of(sim: Simulation, persona: str) -> Thread:
    """The chat of a person by id, or by phone or BSUID; raises 404."""
    thread = sim.world.threads.get(persona) or sim.world.thread_of(persona)
    if thread is None:
        raise NotFoundException(detail=f"No hay ninguna persona {persona!r}.")
    return thread


def impossible(_: Request[Any, Any, Any], refusal: ImpossibleError) -> Response[dict[str, str]]:
    """What cannot be done on a phone, as 409."""
    return Response({"detail": str(refusal)}, status_code=HTTP_409_CONFLICT)


def graph_refusal(_: Request[Any, Any, Any], refusal: GraphError) -> Response[dict[str, str]]:
    """What Meta would refuse, asked for through the control API."""
    return Response({"detail": str(refusal)}, status_code=refusal.status)
