"""Find what a person has on the screen: messages, buttons, dialogs, warnings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.sandbox.slack.answers import Answer

Body = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one act showed its person at once. What an app posts later is found with `Human.sees`."""

    answers: tuple[Answer, ...] = ()
    messages: tuple[Body, ...] = ()
    warning: str = ""
    dialog: Body | None = None
    errors: dict[str, str] = field(default_factory=dict)
    ts: str = ""

    @property
    def text(self) -> str:
        return "\n".join(message["text"] for message in self.messages)


@dataclass(frozen=True, slots=True)
class Pending:
    """A button whose confirm dialog is open in front of somebody."""

    place: str
    button: Body
    times: int


def buttons_of(message_or_view: Body) -> Iterator[Body]:
    """Every button with the block it stands in."""
    for block in message_or_view.get("blocks", []):
        inside = [*block.get("elements", []), block.get("accessory")]
        for element in inside:
            if isinstance(element, dict) and element.get("type") == "button":
                yield {**element, "block_id": block["block_id"]}


def button_in(message_or_view: Body, action_id: str, value: str | None) -> Body:
    """The one button meant; a person cannot click what is not there."""
    found = [each for each in buttons_of(message_or_view) if each["action_id"] == action_id]
    found = [each for each in found if value is None or each.get("value") == value]
    if len(found) == 1:
        return found[0]
    there = ", ".join(each["action_id"] for each in buttons_of(message_or_view)) or "none"
    raise LookupError(f"{len(found)} buttons are {action_id!r}; there are: {there}")
