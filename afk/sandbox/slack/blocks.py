"""Check a message or a view the way Slack checks Block Kit, and more closely where Slack only advises."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block

from afk.sandbox.slack.block_elements import IN_ACTIONS, IN_CONTEXT, IN_INPUT, IN_SECTION, image
from afk.sandbox.slack.block_rules import (
    any_text,
    boolean,
    fault,
    items,
    number,
    one_of,
    plain,
    shape,
    string,
    typed,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from afk.sandbox.slack.block_rules import Check

IN_MESSAGE = 50
IN_VIEW = 100
ADVISED_TEXT = 4000
# msg_blocks_too_long was met near this many characters (slack.md section 7); Slack gives no exact figure.
ALL_TEXT = 13_200


def faults_of(message_or_view: dict[str, Any]) -> list[str]:
    """Everything wrong with it: what Slack refuses, then what it only advises against."""
    return [*refusals_of(message_or_view), *advice_on(message_or_view)]


def refusals_of(message_or_view: dict[str, Any]) -> list[str]:
    """What Slack answers `invalid_blocks` (or, for a view, `invalid_arguments`) to."""
    if message_or_view.get("type") in VIEWS:
        return list(_view(message_or_view))
    blocks = message_or_view.get("blocks")
    return [] if blocks is None else list(_blocks(blocks, IN_MESSAGE, "/blocks"))


def advice_on(message: dict[str, Any]) -> list[str]:
    """Slack posts these, badly: a screen reader and a phone's notification read `text` alone."""
    if message.get("type") in VIEWS:
        return []
    text = message.get("text") or ""
    if not text and message.get("blocks"):
        return [fault("text beside blocks is missing", "/text")]
    return [fault(f"text is longer than {ADVISED_TEXT} characters", "/text")] if len(text) > ADVISED_TEXT else []


def characters_of(value: Any) -> int:
    """How much text the blocks carry, added up."""
    if isinstance(value, list):
        return sum(characters_of(item) for item in value)
    if not isinstance(value, dict):
        return 0
    own = value.get("text")
    inside = sum(characters_of(held) for held in value.values())
    return inside + (len(own) if isinstance(own, str) else 0)


def _view(view: dict[str, Any]) -> Iterator[str]:
    kind = view["type"]
    rest = {name: held for name, held in view.items() if name not in {"type", "blocks"}}
    yield from VIEWS[kind](rest, "/view")
    if "blocks" not in view:
        yield fault("missing required field: blocks", "/view")
        return
    yield from _blocks(view["blocks"], IN_VIEW, "/view/blocks")
    blocks = view["blocks"] if isinstance(view["blocks"], list) else []
    kinds = {str(block.get("type")) for block in blocks if isinstance(block, dict)}
    if kind == "modal" and "input" in kinds and "submit" not in view:
        yield fault("missing required field: submit (the view has an input block)", "/view")
    if table := kinds & {"table", "markdown"}:
        yield fault(f"unsupported type: {min(table)} (messages only)", "/view/blocks")


def _blocks(blocks: Any, most: int, at: str) -> Iterator[str]:
    yield from items(BLOCK, most, 0)(blocks, at)
    if not isinstance(blocks, list):
        return
    whole = [block for block in blocks if isinstance(block, dict)]
    for name in _repeated(block.get("block_id") for block in whole):
        yield fault(f'block_id "{name}" already exists', at)
    for index, block in enumerate(blocks):
        elements = block.get("elements") if isinstance(block, dict) else None
        listed = elements if isinstance(elements, list) else []
        held = [each.get("action_id") for each in listed if isinstance(each, dict)]
        for name in _repeated(held):
            yield fault(f'action_id "{name}" already exists for another element', f"{at}/{index}/elements")
    if sum(block.get("type") == "table" for block in whole) > 1:
        yield fault("only one table allowed", at)


def _repeated(names: Iterable[Any]) -> list[str]:
    counted = Counter(name for name in names if isinstance(name, str))
    return [name for name, times in counted.items() if times > 1]


def _section(value: dict[str, Any], at: str) -> Iterator[str]:
    yield from SECTION(value, at)
    if "text" not in value and "fields" not in value:
        yield fault("missing required field: text or fields", at)


def _rich_text(value: Any, at: str) -> Iterator[str]:
    yield from RICH_TEXT(value, at)
    yield from _as_the_sdk_reads_it("rich_text", value, at)


def _rare(kind: str) -> Check:
    def check(value: dict[str, Any], at: str) -> Iterator[str]:
        yield from _as_the_sdk_reads_it(kind, value, at)

    return check


def _as_the_sdk_reads_it(kind: str, value: dict[str, Any], at: str) -> Iterator[str]:
    """The SDK's own model is the schema: it must accept the block and lose none of its keys."""
    block = {"type": kind, **value}
    try:
        parsed = Block.parse(block)
        kept = parsed.to_dict() if parsed else {}
    except (SlackObjectFormationError, TypeError, AttributeError, KeyError) as error:
        yield fault(str(error), at)
        return
    for name in sorted(set(block) - set(kept)):
        yield fault(f"invalid additional property: {name}", at)


BLOCK_ID = {"block_id": string(255)}
SECTION = shape(
    {},
    {
        **BLOCK_ID,
        "text": any_text(3000),
        "fields": items(any_text(2000), 10),
        "accessory": IN_SECTION,
        "expand": boolean,
    },
)
RICH_PARTS = frozenset({"rich_text_section", "rich_text_list", "rich_text_preformatted", "rich_text_quote"})
RICH_TEXT = shape(
    {
        "elements": items(
            typed({part: lambda _value, _at: iter(()) for part in RICH_PARTS}, "a rich text element"), 1000
        )
    },
    BLOCK_ID,
)
CELL = typed(
    {
        "raw_text": shape({"text": string(3000)}),
        "raw_number": shape({"value": number, "text": string(3000)}),
        "rich_text": _rich_text,
    },
    "a table cell",
)
COLUMN = shape({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})


def _column(value: Any, at: str) -> Iterator[str]:
    """A null keeps the column as it is."""
    if value is not None:
        yield from COLUMN(value, at)


# These are rare enough that the SDK's models are rule enough.
RARE = (
    "alert", "auth_provider", "call", "card", "carousel", "container", "context_actions", "file", "plan",
    "task_card", "video",
)  # fmt: skip
BLOCKS: dict[str, Check] = {
    "section": _section,
    "header": shape({"text": plain(150)}, BLOCK_ID),
    "divider": shape({}, BLOCK_ID),
    "image": image({**BLOCK_ID, "title": plain(2000)}),
    "actions": shape({"elements": items(IN_ACTIONS, 25)}, BLOCK_ID),
    "context": shape({"elements": items(IN_CONTEXT, 10)}, BLOCK_ID),
    "input": shape(
        {"label": plain(2000), "element": IN_INPUT},
        {**BLOCK_ID, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "markdown": shape({"text": string(12_000)}, BLOCK_ID),
    "rich_text": _rich_text,
    "table": shape({"rows": items(items(CELL, 20), 100)}, {**BLOCK_ID, "column_settings": items(_column, 20)}),
    **{kind: _rare(kind) for kind in RARE},
}
BLOCK = typed(BLOCKS, "a block")
VIEW_KEYS: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255, 0),
    "external_id": string(255, 0),
}
VIEWS: dict[str, Check] = {
    "home": shape({}, VIEW_KEYS),
    "modal": shape(
        {"title": plain(24)},
        {
            **VIEW_KEYS,
            "submit": plain(24),
            "close": plain(24),
            "clear_on_close": boolean,
            "notify_on_close": boolean,
            "submit_disabled": boolean,
        },
    ),
}
