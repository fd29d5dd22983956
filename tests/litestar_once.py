"""Litestar reads the signature of each handler anew for every application made of it; the tests make thousands.

A handler's signature is a matter of its function alone, and what is read of it is never changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from litestar._signature import SignatureModel
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
