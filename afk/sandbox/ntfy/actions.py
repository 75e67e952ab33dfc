"""Read the buttons of a message, written as JSON or in ntfy's short form."""

from __future__ import annotations

import json
import re
import secrets
from typing import Any, NoReturn

from afk.sandbox.ntfy.refusals import Refusal, RefusedError

MOST = 3
KINDS = ("view", "broadcast", "http")
WITH_URL = ("view", "http")
TEXTS = ("action", "label", "url", "method", "body", "intent")


def actions(text: str) -> list[dict[str, Any]]:
    text = text.strip()
    found = _from_json(text) if text.startswith("[") else [_from_section(part) for part in _split(text, ";")]
    if len(found) > MOST:
        _refuse(f"only {MOST} actions allowed")
    return [_checked(one) for one in found]


def _from_json(text: str) -> list[dict[str, Any]]:
    try:
        found = json.loads(text)
    except ValueError as error:
        raise RefusedError(Refusal.ACTIONS_INVALID, f"JSON error: {error}") from error
    if not isinstance(found, list) or not all(isinstance(one, dict) for one in found):
        _refuse("JSON error: not a list of objects")
    return found


def _from_section(section: str) -> dict[str, Any]:
    """`view, Open, https://…, clear=true`: the first three need no name."""
    one: dict[str, Any] = {}
    for position, part in enumerate(_split(section, ",")):
        match = re.match(r"([-.\w]+)\s*=\s*", part)
        name = match[1] if match else ("action", "label", "url")[position] if position < len(WITH_URL) + 1 else ""
        value = _unquoted(part[match.end() :] if match else part)
        if name == "url" and not match and one.get("action") not in WITH_URL:
            name = ""
        _put(one, name, value)
    return one


def _put(one: dict[str, Any], name: str, value: str) -> None:
    group, dot, key = name.partition(".")
    if dot and group in {"headers", "extras"}:
        one.setdefault(group, {})[key] = value
    elif name.lower() in TEXTS:
        one[name.lower()] = value
    elif name.lower() == "clear":
        one["clear"] = _boolean(value)
    else:
        _refuse(f"key '{name}' unknown" if name else f"term '{value}' unknown")


def _checked(one: dict[str, Any]) -> dict[str, Any]:
    kind = str(one.get("action", "")).lower()
    if kind not in KINDS:
        _refuse(f"parameter 'action' cannot be '{kind}', valid values are 'view', 'broadcast' and 'http'")
    if not one.get("label"):
        _refuse("parameter 'label' is required")
    if kind in WITH_URL and not one.get("url"):
        _refuse(f"parameter 'url' is required for action '{kind}'")
    method = str(one.get("method", "")).upper()
    if kind == "http" and method in {"GET", "HEAD"} and one.get("body"):
        _refuse(f"parameter 'body' cannot be set if method is {method}")
    shape = {"id": secrets.token_hex(5), "action": kind, "label": one["label"], "clear": bool(one.get("clear"))}
    rest = {"url": one.get("url"), "method": method, "headers": one.get("headers"), "body": one.get("body")}
    rest |= {"intent": one.get("intent"), "extras": one.get("extras")}
    return shape | {name: value for name, value in rest.items() if value}


def _split(text: str, separator: str) -> list[str]:
    """Cut at separators that stand outside quotes."""
    parts, quote, start = [], "", 0
    for position, letter in enumerate(text):
        if quote:
            quote = "" if letter == quote and text[position - 1] != "\\" else quote
        elif letter in "\"'":
            quote = letter
        elif letter == separator:
            parts.append(text[start:position].strip())
            start = position + 1
    if quote:
        _refuse("unexpected end of input, quote was not closed")
    last = text[start:].strip()
    return [*parts, last] if last or not parts else parts


def _unquoted(text: str) -> str:
    text = text.strip()
    if text[:1] in {"'", '"'} and text[:1] == text[-1:] and len(text) > 1:
        return text[1:-1].replace("\\" + text[0], text[0])
    return text


def _boolean(value: str) -> bool:
    if value.lower() not in {"true", "yes", "1", "false", "no", "0"}:
        _refuse(f"parameter 'clear' cannot be '{value}', only boolean values are allowed")
    return value.lower() in {"true", "yes", "1"}


def _refuse(detail: str) -> NoReturn:
    raise RefusedError(Refusal.ACTIONS_INVALID, detail)
