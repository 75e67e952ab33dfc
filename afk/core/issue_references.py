"""Find where a line of prose names an issue, and which one it means."""

from __future__ import annotations

import re
from dataclasses import dataclass

from afk.core.model import Slug

_LINK = re.compile(r"(!?)\[([^\[\]]*)\]\(([^()\n]*)\)")
_TAG = re.compile(r"</?[A-Za-z][A-Za-z0-9-]*(?:\s[^<>]*)?/?>")
_EMPHASIS = re.compile(r"\*|(?<![A-Za-z0-9_/.-])_{1,3}|_{1,3}(?![A-Za-z0-9_#/.-])")

_MENTION = re.compile(
    r"(?P<url>(?i:https?)://[^\s<>\"'|\[\]()\0]++)"
    r"|(?<![\w./-])(?P<path>[A-Za-z0-9._-]++(?:/[A-Za-z0-9._-]++)*+)[#!](?P<number>[0-9]++)(?!\w)"
    r"|(?<![\w&.-])[#!](?P<local>[0-9]++)(?!\w)"
    r"|(?<![\w/-])(?i:gh)-(?P<gh>[0-9]++)(?!\w)"
    r"|(?<![\w/-])(?P<key>[A-Z][A-Z0-9]{1,9}-[0-9]++)(?!\w)"
    r"|(?<!\w)(?P<bare>(?i:issue|ticket|bug|pr|pull\srequest)s?\s{1,5}(?:(?i:no\.?|nr\.?|number)\s{0,5})?[0-9]++)(?!\w)"
)
_PAGE = re.compile(r"(?P<owner>[^/]+)/(?P<name>[^/]+)/(?:issues|pulls?)/(?P<number>[0-9]+)/?")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,100}")
_NUMBER = re.compile(r"[1-9][0-9]{0,8}")
_AFTER_URL = ".,:;!?*_~`"
_LOOK_AHEAD = 400


@dataclass(frozen=True, slots=True)
class Home:
    """From where a reference is read."""

    slug: Slug
    web_hosts: frozenset[str]  # in lower case, with the port if there is one


@dataclass(frozen=True, slots=True)
class Mention:
    start: int
    end: int
    text: str
    issue: tuple[Slug, int] | None  # None: it names something that this forge cannot look up
    is_key: bool = False  # of another tracker, or only a word such as UTF-8


def flat(text: str, keep: re.Pattern[str]) -> str:
    """The text without markup. A link becomes its address, or its label where that says what `keep` looks for."""

    def linked(match: re.Match[str]) -> str:
        image, label, target = match.groups()
        address = (target.split() or [""])[0].strip("<>")
        if image:
            return " "
        return (
            f" {address} " if address.lower().startswith(("http://", "https://")) and not keep.search(label) else label
        )

    return _EMPHASIS.sub("", _LINK.sub(linked, _TAG.sub("", text)))


def next_mention(text: str, place: int, end: int, home: Home) -> Mention | None:
    """The first mention from `place` on that is complete before `end`."""
    horizon = min(end, place + _LOOK_AHEAD)
    found = _MENTION.search(text, place, horizon)
    if found is None:
        return None
    cut = found.end() == horizon < end
    issue = None if cut else _issue(found, home)
    return Mention(*found.span(), found[0], issue, is_key=found["key"] is not None)


def _issue(found: re.Match[str], home: Home) -> tuple[Slug, int] | None:
    if found["url"]:
        return _of_url(found["url"], home)
    if found["path"]:
        owner, slash, name = found["path"].partition("/")
        return _of(owner, name, found["number"], home) if slash else None
    number = found["local"] or found["gh"]
    return _of(home.slug.owner, home.slug.name, number, home) if number else None


def _of_url(url: str, home: Home) -> tuple[Slug, int] | None:
    host, _, rest = url.partition("://")[2].partition("/")
    page = _PAGE.fullmatch(re.split(r"[?#]", rest, maxsplit=1)[0].rstrip(_AFTER_URL))
    if host.lower() not in home.web_hosts or page is None:
        return None
    return _of(page["owner"], page["name"], page["number"], home)


def _of(owner: str, name: str, number: str, home: Home) -> tuple[Slug, int] | None:
    for part in (owner, name):
        if not _NAME.fullmatch(part) or part.strip(".") == "":
            return None
    if not _NUMBER.fullmatch(number):
        return None
    slug = Slug(owner, name)
    is_home = str(slug).lower() == str(home.slug).lower()  # forges do not tell the case of a name apart
    return home.slug if is_home else slug, int(number)
