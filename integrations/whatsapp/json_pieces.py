"""Reading hostile JSON: strings made safe to store, odd numbers tamed, a broken body cut into its pieces."""

from __future__ import annotations

import json
import math
import re
from typing import Any, TypeAlias

import msgspec

Json: TypeAlias = Any  # the one place where anything may come in

UNDECODABLE = (ValueError, RecursionError)  # msgspec's and json's errors and UnicodeDecodeError are ValueErrors

_MAX_DEPTH = 24
_BIGGEST_INT = 2**63 - 1
_LONGEST_INT = 18
# Meta sends up to 1000 a body; of this many, real ones would not fit into its 3 MB.
MOST_ITEMS = 20_000
_UNSAFE = re.compile("[\x00\ud800-\udfff]")

_WHITE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"', re.DOTALL)
_SCALAR = re.compile(rb'[^][{}",: \t\r\n]++')
# A run of openings, keys between them included, is one step, so 100 000 levels cost no more than one.
_TOKEN = re.compile(
    rb'(?:[\[{][ \t\r\n]*+(?:"[^"\\\[\]{}]*+"[ \t\r\n]*+:[ \t\r\n]*+)?+)++'
    rb'|"[^"\\]*+(?:\\.[^"\\]*+)*+"|"|[\]}]++',
    re.DOTALL,
)


def clean(text: str) -> str:
    """`text` with NUL and lone surrogates replaced by U+FFFD: databases refuse or cut them."""
    if text.isascii() and "\x00" not in text:  # several times faster, and nearly always so
        return text
    return _UNSAFE.sub("\N{REPLACEMENT CHARACTER}", text)


def decode(raw: bytes | msgspec.Raw) -> Json:
    """The JSON value of `raw`, tidied. Raises one of UNDECODABLE.

    Falls back to the lenient parser of the standard library for what msgspec refuses but can be shown:
    lone surrogates, NaN, numbers out of range. Invalid UTF-8 stays an error.
    """
    try:
        value = msgspec.json.decode(raw)
    except ValueError:
        value = json.loads(str(bytes(raw), "utf-8"), parse_int=_parse_int, parse_constant=_no_number)
    return tidy(value)


def tidy(value: object, depth: int = _MAX_DEPTH) -> Json:
    """A copy that any database and JSON writer takes: clean strings, finite numbers, bounded depth (deeper is None)."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {clean(k): tidy(v, depth - 1) for k, v in value.items()} if depth else None
    if isinstance(value, list):
        return [tidy(v, depth - 1) for v in value] if depth else None
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, int) and abs(value) > _BIGGEST_INT:
        return str(value)
    return value


def members(raw: bytes) -> dict[str, bytes]:
    """The members of a JSON object as raw slices, whatever is wrong inside them. ValueError if it is no object."""
    found: dict[str, bytes] = {}
    for key, value in _split(raw, b"{", b"}"):
        found[str(json.loads(key.decode("utf-8", "replace"), strict=False))] = value
    return found


def items(raw: bytes) -> list[bytes]:
    """The elements of a JSON array as raw slices, whatever is wrong inside them. ValueError if it is no array."""
    return [value for _, value in _split(raw, b"[", b"]")]


def _split(raw: bytes, opening: bytes, closing: bytes) -> list[tuple[bytes, bytes]]:
    raw = raw.strip(b" \t\r\n")
    if raw[:1] != opening or raw[-1:] != closing:
        raise ValueError(f"not enclosed in {opening!r} and {closing!r}")
    pieces: list[tuple[bytes, bytes]] = []
    at, last = _skip_white(raw, 1), len(raw) - 1
    while at < last:
        key = b""
        if opening == b"{":
            start, at = at, _end_of(_STRING, raw, at)
            key = raw[start:at]
            at = _skip_white(raw, _expect(b":", raw, _skip_white(raw, at)))
        start, at = at, _value_end(raw, at)
        pieces.append((key, raw[start:at]))
        if len(pieces) > MOST_ITEMS:
            raise ValueError("more items than a webhook holds")
        at = _skip_white(raw, at)
        if at < last:
            at = _skip_white(raw, _expect(b",", raw, at))
            if at == last:
                raise ValueError("a comma before the end")
    if at != last:
        raise ValueError("brackets do not match")
    return pieces


def _value_end(raw: bytes, at: int) -> int:
    first = raw[at : at + 1]
    if first == b'"':
        return _end_of(_STRING, raw, at)
    if first not in (b"{", b"["):
        return _end_of(_SCALAR, raw, at)
    depth = 0
    for token in _TOKEN.finditer(raw, at):
        kind = token[0][:1]
        length = token.end() - token.start()
        if kind in (b"{", b"["):
            depth += token[0].count(b"{") + token[0].count(b"[")
        elif kind == b'"':
            if length == 1:
                break
        elif length >= depth:
            return token.start() + depth
        else:
            depth -= length
    raise ValueError("a value without an end")


def _end_of(pattern: re.Pattern[bytes], raw: bytes, at: int) -> int:
    match = pattern.match(raw, at)
    if match is None:
        raise ValueError("not JSON")
    return match.end()


def _expect(byte: bytes, raw: bytes, at: int) -> int:
    if raw[at : at + 1] != byte:
        raise ValueError(f"expected {byte!r}")
    return at + 1


def _skip_white(raw: bytes, at: int) -> int:
    return _end_of(_WHITE, raw, at)


def _parse_int(digits: str) -> int | str:
    return int(digits) if len(digits) <= _LONGEST_INT else digits


def _no_number(_: str) -> None:
    return None
