"""Check one value of a Block Kit document: its kind, its length, its keys.

A check takes the value and its JSON pointer and yields one sentence per fault.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Check = Callable[[Any, str], Iterator[str]]

UNSAFE_IN_URL = frozenset(' <>|"\\^`{}\n\t\r')


def fault(sentence: str, at: str) -> str:
    return f"{sentence} [json-pointer:{at}]"


def string(most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, str):
            yield fault("must be a string", at)
        elif len(value) < least:
            yield fault(f"must be more than {least - 1} characters", at)
        elif len(value) > most:
            yield fault(f"must be less than {most + 1} characters", at)

    return check


def boolean(value: Any, at: str) -> Iterator[str]:
    if not isinstance(value, bool):
        yield fault("must be a boolean", at)


def whole(least: int, most: int) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int):
            yield fault("must be an integer", at)
        elif not least <= value <= most:
            yield fault(f"must be from {least} to {most}", at)

    return check


def number(value: Any, at: str) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, int | float):
        yield fault("must be a number", at)


def one_of(*words: str) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if value not in words:
            yield fault(f"must be one of {', '.join(words)}", at)

    return check


def url(most: int = 3000) -> Check:
    length = string(most)

    def check(value: Any, at: str) -> Iterator[str]:
        yield from length(value, at)
        if isinstance(value, str) and not _is_url(value):
            yield fault("invalid url", at)

    return check


def items(each: Check, most: int, least: int = 1) -> Check:
    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, list):
            yield fault("must be an array", at)
            return
        if len(value) < least:
            yield fault(f"no less than {least} items allowed", at)
        if len(value) > most:
            yield fault(f"no more than {most} items allowed", at)
        for index, item in enumerate(value):
            yield from each(item, f"{at}/{index}")

    return check


def shape(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None) -> Check:
    known = {**required, **(optional or {})}

    def check(value: Any, at: str) -> Iterator[str]:
        if not isinstance(value, dict):
            yield fault("must be an object", at)
            return
        for name in required:
            if name not in value:
                yield fault(f"missing required field: {name}", at)
        for name, held in value.items():
            if name in known:
                yield from known[name](held, f"{at}/{name}")
            else:
                yield fault(f"invalid additional property: {name}", at)

    return check


def typed(kinds: Mapping[str, Check], noun: str) -> Check:
    """One of several objects, told apart by their `type`."""

    def check(value: Any, at: str) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str):
            yield fault(f"must be {noun} with a type", at)
        elif kind not in kinds:
            yield fault(f"unsupported type: {kind}", f"{at}/type")
        else:
            yield from kinds[kind]({name: held for name, held in value.items() if name != "type"}, at)

    return check


def plain(most: int) -> Check:
    return typed({"plain_text": shape({"text": string(most)}, {"emoji": boolean})}, "a plain_text object")


def any_text(most: int) -> Check:
    kinds = {
        "plain_text": shape({"text": string(most)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(most)}, {"verbatim": boolean}),
    }
    return typed(kinds, "a text object")


def _is_url(value: str) -> bool:
    try:
        parts = urlsplit(value)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in {"http", "https"} and bool(host) and not UNSAFE_IN_URL & set(value)
