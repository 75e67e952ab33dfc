"""Publish doorbells to an ntfy topic."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.adapters.http import Http, retry_at
from afk.core.known_links import known_url
from afk.core.records import DoorbellKind
from afk.core.text import clean, plain
from afk.ports import PortError, Refused, Uncertain, Unexpected, Unreachable

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping
    from datetime import datetime

    import httpx

    from afk.core.doorbell import Card
    from afk.systems import Ntfy

LONGEST_BODY = 4_095  # bytes; one more and ntfy makes a file of it
TITLE = 200
WORD = 45  # bytes of one encoded word, which RFC 2047 limits to 75 characters
CLOCKS_DIFFER = timedelta(seconds=5)
PRIORITIES = {
    DoorbellKind.DONE: 2,
    DoorbellKind.QUESTION: 4,
    DoorbellKind.NEEDS_HUMAN: 4,
    DoorbellKind.FROZEN: 5,
    DoorbellKind.ALARM: 5,
}
# Names that ntfy shows as the mark of the card.
EMOJI = {
    DoorbellKind.DONE: "white_check_mark",
    DoorbellKind.QUESTION: "question",
    DoorbellKind.NEEDS_HUMAN: "raising_hand",
    DoorbellKind.FROZEN: "ice_cube",
    DoorbellKind.ALARM: "rotating_light",
}
_log = logging.getLogger(__name__)


class NtfyChannel:
    """The topic is as good as a password on a public server: no message names it."""

    name = "ntfy"
    updates = False

    def __init__(self, settings: Ntfy, *, hosts: Collection[str]) -> None:
        self._token = settings.token
        self._hosts = hosts
        self._said_so = False
        self._http = Http("ntfy", settings.url, self._credential, patience=settings.patience)

    def close(self) -> None:
        self._http.close()

    def ring(self, key: str, card: Card) -> str:
        response = self._http.send("POST", "", key, content=_body(card), headers=self._headers(key, card))
        if not response.is_success:
            raise _refusal(response, f"publish ({key})", "write to")
        found = _json(response.text)
        if not isinstance(found, dict) or not isinstance(found.get("id"), str):
            raise Uncertain(f"ntfy: publish ({key}): the answer is not ntfy's")
        reference: str = found["id"]
        return reference

    def find(self, key: str, since: datetime) -> str | None:
        """As far back as the server keeps messages, usually 12 hours; nothing if the topic may not be read."""
        tag, oldest = key_tag(key), int((since - CLOCKS_DIFFER).timestamp())
        response = self._http.send("GET", "/json", key, params={"poll": "1", "since": str(oldest), "tags": tag})
        if response.status_code == HTTPStatus.FORBIDDEN:
            self._cannot_read()
            return None
        if not response.is_success:
            raise _refusal(response, f"read ({key})", "read")
        found = (each for each in _messages(response, key) if tag in (each.get("tags") or []))
        return next((str(each["id"]) for each in found), None)

    def update(self, key: str, reference: str, card: Card) -> None:  # noqa: ARG002 - the port's words
        raise Refused(f"ntfy: update ({key}): a message that was sent stays as it is")

    def _credential(self) -> Mapping[str, str]:
        return {"Authorization": f"Bearer {self._token.get_secret_value()}"} if self._token else {}

    def _headers(self, key: str, card: Card) -> dict[str, str]:
        actions = list(self._actions(card))
        click = {"X-Click": actions[0]["url"]} if actions else {}
        return {
            "Content-Type": "text/plain; charset=utf-8",
            "X-Title": encoded(plain(card.headline, TITLE)),
            "X-Priority": str(PRIORITIES[card.kind]),
            "X-Tags": f"{EMOJI[card.kind]},{key_tag(key)}",
            **click,
            **({"X-Actions": json.dumps(actions)} if actions else {}),
        }

    def _actions(self, card: Card) -> Iterator[dict[str, str]]:
        """Three: ntfy refuses a fourth."""
        wanted = (("Open thread", card.thread_url), ("Open issue", card.issue_url), ("Open CI", card.ci_url))
        for label, url in wanted:
            if address := known_url(url, self._hosts):
                yield {"action": "view", "label": label, "url": address}

    def _cannot_read(self) -> None:
        if not self._said_so:
            _log.warning("ntfy: AFK may not read the topic: a message whose receipt is lost is sent a second time")
        self._said_so = True


def key_tag(key: str) -> str:
    """Short, without a comma, and no emoji's name."""
    return f"afk-{hashlib.sha256(key.encode('utf-8', 'backslashreplace')).hexdigest()[:12]}"


def encoded(text: str) -> str:
    """A header's value: RFC 2047 words where it is not plain ASCII, or could be read as such a word."""
    if text.isascii() and "=?" not in text:
        return text
    words, word = [], b""
    for sign in text:
        if len(word) + len(sign.encode()) > WORD:
            words.append(word)
            word = b""
        word += sign.encode()
    return " ".join(f"=?UTF-8?B?{base64.b64encode(each).decode()}?=" for each in [*words, word])


def _body(card: Card) -> bytes:
    """What the title does not say. An empty body would become ntfy's own word."""
    options = [f"{number}. {plain(option, TITLE)}" for number, option in enumerate(card.options, 1)]
    said = "\n".join([card.text.removeprefix(card.headline), *options])
    whole = (clean(said).strip() or plain(card.headline, TITLE) or "AFK").encode()
    if len(whole) <= LONGEST_BODY:
        return whole
    sign = "…".encode()
    return whole[: LONGEST_BODY - len(sign)].decode(errors="ignore").encode() + sign


def _messages(response: httpx.Response, key: str) -> list[dict[str, Any]]:
    """One JSON object in each line; half a line is no answer."""
    found = [_json(line) for line in response.text.split("\n") if line.strip()]
    whole = [each for each in found if isinstance(each, dict) and "id" in each]
    if len(whole) != len(found):
        raise Unexpected(f"ntfy: read ({key}): a line of the answer is no message")
    return whole


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _refusal(response: httpx.Response, operation: str, verb: str) -> PortError:
    status = response.status_code
    body = _json(response.text)
    reason = body.get("error") if isinstance(body, dict) else None
    said = f"ntfy: {operation}: {status}" + (f", {plain(reason, 200)}" if isinstance(reason, str) else "")
    if status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unreachable(said, retry_at(response))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return Uncertain(said) if response.request.method == "POST" else Unreachable(said, retry_at(response))
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Refused(f"{said}: set AFK_NTFY_TOKEN to a token that may {verb} the topic of AFK_NTFY_URL")
    return Refused(f"{said}: is AFK_NTFY_URL the address of a topic, such as https://ntfy.example.org/afk?")
