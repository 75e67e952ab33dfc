"""Decode JSON as strictly as the real server's schemas do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

Decoder = Callable[[Any], Any]
ABSENT: Any = object()


class Undecodable(ValueError):
    """The body is not what the schema asks for."""


@dataclass(frozen=True, slots=True)
class Key:
    decode: Decoder
    required: bool = True
    null_is_absent: bool = False
    default: Any = ABSENT


def optional_key(decode: Decoder) -> Key:
    """Absent or present: null is refused."""
    return Key(decode, required=False)


def optional(decode: Decoder) -> Key:
    """Absent, null or present."""
    return Key(decode, required=False, null_is_absent=True)


def defaulted(decode: Decoder, value: Any) -> Key:
    return Key(decode, required=False, default=value)


def struct(keys: Mapping[str, Decoder | Key]) -> Decoder:
    """Keys that the schema does not name are dropped without a word."""
    fields = {name: key if isinstance(key, Key) else Key(key) for name, key in keys.items()}

    def decode(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise Undecodable("an object is wanted")
        decoded: dict[str, Any] = {}
        for name, key in fields.items():
            given = value.get(name, ABSENT)
            if given is ABSENT or (given is None and key.null_is_absent):
                if key.required:
                    raise Undecodable(f"{name} is missing")
                if key.default is not ABSENT:
                    decoded[name] = key.default
                continue
            try:
                decoded[name] = key.decode(given)
            except Undecodable as error:
                raise Undecodable(f"{name}: {error}") from error
        return decoded

    return decode


def tagged(tag: str, variants: Mapping[str, Decoder]) -> Decoder:
    def decode(value: Any) -> dict[str, Any]:
        kind = value.get(tag) if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in variants:
            raise Undecodable(f"{tag} is none of {', '.join(sorted(variants))}")
        return {tag: kind, **variants[kind](value)}

    return decode


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise Undecodable("a string is wanted")
    return value


def trimmed(value: Any) -> str:
    """Ids, titles, paths: not empty once trimmed, and trimmed from then on."""
    if not text(value).strip():
        raise Undecodable("a string that is not blank is wanted")
    return text(value).strip()


def boolean(value: Any) -> bool:
    if not isinstance(value, bool):
        raise Undecodable("true or false is wanted")
    return value


def natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value) or value < 0:
        raise Undecodable("a whole number from 0 is wanted")
    return int(value)


def anything(value: Any) -> Any:
    return value


def record(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise Undecodable("an object is wanted")
    return value


def one_of(*words: Any) -> Decoder:
    def decode(value: Any) -> Any:
        if not any(value is word or (value == word and isinstance(value, str)) for word in words):
            raise Undecodable(f"none of {words}")
        return value

    return decode


def nullable(decode: Decoder) -> Decoder:
    return lambda value: None if value is None else decode(value)


def array(decode: Decoder) -> Decoder:
    def decode_all(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise Undecodable("an array is wanted")
        return [decode(item) for item in value]

    return decode_all


def either(*decoders: Decoder) -> Decoder:
    def decode(value: Any) -> Any:
        for attempt in decoders:
            try:
                return attempt(value)
            except Undecodable:
                continue
        raise Undecodable("no variant fits")

    return decode
