"""Say which addresses may be shown as links: those of the hosts that this installation works with."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

LONGEST = 500  # none of ours comes near
_SUSPECT = re.compile(r"[^\x21-\x7e]|\\")  # browsers and parsers read a backslash differently
_ENCODED = {ord(sign): quote(sign, safe="") for sign in "<>|\"`^{}'"}


def known_url(url: str, hosts: Collection[str]) -> str:
    """The address, fit to stand in a link; empty if nobody vouches for it.

    `hosts` are names in lower case without a port. Plain HTTP is for this machine alone.
    """
    if not url or len(url) > LONGEST or _SUSPECT.search(url):
        return ""
    try:
        parts = urlsplit(url)
        host, has_port = parts.hostname or "", parts.port != 0
    except ValueError:
        return ""
    secure = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(host))
    if not secure or not has_port or "@" in parts.netloc or host not in hosts:
        return ""
    return url.translate(_ENCODED)


def hosts_of(urls: Iterable[str]) -> frozenset[str]:
    """The hosts of addresses out of the settings, which were checked when they were read."""
    return frozenset(host for url in urls if (host := urlsplit(url).hostname))


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
