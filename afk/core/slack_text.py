"""Write text that strangers may have chosen in Slack's mrkdwn, where it must do nothing.

Pure: knows nothing of Slack's library. `plain_text` objects are not parsed and need `afk.core.text.plain` alone.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from datetime import UTC
from itertools import accumulate
from typing import TYPE_CHECKING

from afk.core.text import plain

if TYPE_CHECKING:
    from datetime import datetime

_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
# mrkdwn has no escape for its formatting signs: each gives way to one that looks alike and does nothing.
_LOOKALIKES = str.maketrans({"*": "\u2217", "~": "\u223c", "`": "\u02cb"})
_ITALIC = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # inside a word it formats nothing
_COLON = re.compile(r":(?=//|[\w+'-]+:)")  # of an address, which would become a link, or of an emoji's name
_LOW_LINE, _RATIO, _BROKEN_BAR = "\uff3f", "\u2236", "\u00a6"


def escaped(text: str, room: int) -> str:
    """One line of at most `room` characters, entities counted in full: cut first, then escaped, once."""
    line = _cut(plain(text, room), room).translate(_LOOKALIKES)
    inert = _COLON.sub(_RATIO, _ITALIC.sub(_LOW_LINE, line))
    return "".join(_ENTITIES.get(sign, sign) for sign in inert)


def _cut(line: str, room: int) -> str:
    """So much of it as will fit once it is escaped; no lookalike is longer than its sign."""
    ends = list(accumulate(len(_ENTITIES.get(sign, sign)) for sign in line))
    if not ends or ends[-1] <= room:
        return line
    return line[: bisect_right(ends, room - 1)].rstrip() + "…" if room > 0 else ""


def link(url: str, label: str = "", room: int = 200) -> str:
    """`url` went through `known_url`; the label may be anything."""
    address = url.replace("&", _ENTITIES["&"])
    shown = escaped(label.replace("|", _BROKEN_BAR), room)
    return f"<{address}|{shown}>" if shown else f"<{address}>"


def moment(at: datetime) -> str:
    """Shown in each reader's own zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} {{time}}|{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC>"
