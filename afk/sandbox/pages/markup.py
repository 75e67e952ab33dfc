"""Write HTML in which nothing that somebody typed is markup."""

from __future__ import annotations

import re
from html import escape
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt

if TYPE_CHECKING:
    from datetime import datetime

_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_SMALL = re.compile(r"</?sub>")
_BOX = re.compile(r"^(\s*[-*] )\[([ xX])\] ", re.MULTILINE)
_READER = MarkdownIt("js-default").disable("image")  # raw HTML is shown as text, and script addresses are no links


class Html(str):
    """A piece that may stand in a page as it is."""

    __slots__ = ()


def shown(part: object) -> str:
    return part if isinstance(part, Html) else escape(str(part))


def tag(name: str, *parts: object, **attributes: str) -> Html:
    """Everything in it is escaped, unless it is a piece already. `cls` is the class."""
    written = "".join(f' {key.replace("cls", "class")}="{escape(value)}"' for key, value in attributes.items())
    return Html(f"<{name}{written}>{''.join(map(shown, parts))}</{name}>")


def link(address: str, *parts: object, **attributes: str) -> Html:
    return tag("a", *parts, href=address, **attributes)


def moment(at: datetime) -> Html:
    return tag("time", f"{at:%H:%M:%S}", datetime=at.isoformat())


def markdown(text: str) -> Html:
    """As forges show it: without HTML comments, with boxes in lists."""
    text = _SMALL.sub("", _COMMENT.sub("", text))
    text = _BOX.sub(lambda found: f"{found[1]}{'☐' if found[2] == ' ' else '☑'} ", text)
    return Html(f'<div class="text">{_READER.render(text)}</div>')


def page(site: str, title: str, *parts: object) -> str:
    head = Html(
        '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><link rel="stylesheet" href="/pages.css">'
    )
    top = tag("header", link("/", f"{site}, simulated"), tag("span", "only to look at", cls="note"))
    body = tag("body", top, tag("main", *parts))
    return f'<!doctype html><html lang="en"><head>{head}</head>{body}</html>'
