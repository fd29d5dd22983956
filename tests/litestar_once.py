"""Litestar reads every handler and its signature anew for each application made of them; the tests make thousands.

The doors are the same for each console and hold nothing of it (see `console.app`): made once, each console is given
a copy with a state, a router and a life of its own.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from litestar import Litestar
from litestar._signature import SignatureModel
from litestar.datastructures import State
from litestar.events.emitter import SimpleEventEmitter
from litestar.handlers.base import BaseRouteHandler
from litestar.types import Empty
from litestar.utils.helpers import unwrap_partial
from litestar.utils.signature import ParsedSignature


def remember() -> None:
    """Read each signature once in this process."""
    signatures: dict[Any, ParsedSignature] = {}
    models: dict[Any, type[SignatureModel]] = {}
    create: Callable[..., type[SignatureModel]] = SignatureModel.create

    def parsed(handler: Any) -> ParsedSignature:
        if handler._parsed_fn_signature is Empty:
            fn = unwrap_partial(handler.fn)
            code = getattr(fn, "__code__", fn)  # of what is defined anew for each application, the same
            if code not in signatures:
                signatures[code] = ParsedSignature.from_fn(fn, handler.resolve_signature_namespace())
            handler._parsed_fn_signature = signatures[code]
        signature: ParsedSignature = handler._parsed_fn_signature
        return signature

    def model_of(fn: Any, dependency_name_set: set[str], **more: Any) -> type[SignatureModel]:
        key = (getattr(fn, "__code__", fn), frozenset(dependency_name_set))
        if key not in models:
            models[key] = create(fn=fn, dependency_name_set=dependency_name_set, **more)
        return models[key]

    BaseRouteHandler.parsed_fn_signature = property(parsed)  # type: ignore[method-assign,assignment]
    SignatureModel.create = model_of  # type: ignore[method-assign,assignment]


def copies_of(make: Callable[[], Litestar]) -> Callable[[], Litestar]:
    """What `make` makes, made once in this process; each call gives a copy of it."""
    made: list[Litestar] = []

    def copied() -> Litestar:
        if not made:
            made.append(make())
        app = copy.copy(made[0])
        app.routes = list(app.routes)
        app.state = State()
        app.event_emitter = SimpleEventEmitter([])
        app.asgi_router = copy.copy(app.asgi_router)
        app.asgi_router.app = app
        app.asgi_router.handle_routing = lru_cache(1024)(app.asgi_router._handle_routing)
        app.asgi_handler = app._create_asgi_handler()
        return app

    return copied
