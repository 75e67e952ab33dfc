"""Say which addresses may be shown as links: those of the hosts that this installation works with."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable
    from urllib.parse import SplitResult

HTTP = 80
LONGEST = 500  # none of ours comes near
_SUSPECT = re.compile(r"[^\x21-\x7e]|\\")  # browsers and parsers read a backslash differently
_ENCODED = {ord(sign): quote(sign, safe="") for sign in "<>|\"`^{}'"}
_READ_BY_MARKDOWN = {ord(sign): quote(sign, safe="") for sign in "()$"}


def known_url(url: str, hosts: Collection[str]) -> str:
    """The address, fit to stand in a link; empty if nobody vouches for it.

    `hosts` are as `hosts_of` makes them. Plain HTTP is for this machine, and for what the settings name with it.
    """
    if not url or len(url) > LONGEST or _SUSPECT.search(url):
        return ""
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port != 0
    except ValueError:
        return ""
    is_plain = parts.scheme == "http" and (_is_loopback(host) or _origin(parts) in hosts)
    if not (is_plain or parts.scheme == "https") or not has_port or "@" in parts.netloc or host not in hosts:
        return ""
    return url.translate(_ENCODED)


def markdown_link(label: str, url: str, hosts: Collection[str]) -> str:
    """The label is escaped already. Empty if nobody vouches for the address."""
    address = known_url(url, hosts)
    return f"[{label}]({address.translate(_READ_BY_MARKDOWN)})" if address else ""


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """Of addresses out of the settings, which were checked when they were read: names in lower case without a port, and
    for those of plain HTTP the origin, too.
    """
    found = [urlsplit(url) for url in urls if url]
    names = frozenset(each.hostname for each in found if each.hostname)
    return names | {_origin(each) for each in found if each.scheme == "http"}


def _origin(parts: SplitResult) -> str:
    return f"http://{parts.hostname}:{parts.port or HTTP}"


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
