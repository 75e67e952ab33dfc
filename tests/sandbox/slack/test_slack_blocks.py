"""Block Kit rules: every limit of slack.md section 7, and what section 11.6 says the SDK's models miss."""

from __future__ import annotations

from typing import Any

import pytest

from afk.sandbox.slack.blocks import advice_on, characters_of, faults_of, refusals_of


def plain(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "plain_text", "text": text, **more}


def mrkdwn(text: str = "x", **more: Any) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text, **more}


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn(), **more}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain(), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def confirm(**more: Any) -> dict[str, Any]:
    return {"title": plain(), "text": mrkdwn(), "confirm": plain(), "deny": plain(), **more}


def select(**more: Any) -> dict[str, Any]:
    options = [{"text": plain(), "value": "v"}]
    return {"type": "static_select", "action_id": "s", "placeholder": plain(), "options": options, **more}


def table(rows: int, cells: int, **cell: Any) -> dict[str, Any]:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": "c", **cell}] * cells] * rows}


def rich(*texts: str) -> dict[str, Any]:
    parts = [{"type": "text", "text": text} for text in texts]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": parts}]}


def modal(*blocks: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "modal", "title": plain(), "blocks": list(blocks), **more}


IMAGE = {"type": "image", "image_url": "https://example.org/a.png", "alt_text": "a"}
INPUT = {"type": "input", "label": plain(), "element": {"type": "plain_text_input", "action_id": "why"}}
GOOD: dict[str, dict[str, Any]] = {
    "section of mrkdwn": section(),
    "section of plain text": section(text=plain(emoji=True)),
    "section of fields": {"type": "section", "fields": [mrkdwn(), plain()]},
    "section with an accessory": section(accessory=button(action_id="a"), expand=True),
    "section with an image": section(accessory=IMAGE),
    "section at its limit": section(text=mrkdwn("x" * 3000)),
    "header at its limit": {"type": "header", "text": plain("x" * 150)},
    "divider": {"type": "divider"},
    "context": {"type": "context", "elements": [mrkdwn("x" * 2000), plain(), IMAGE]},
    "buttons to the limit": actions(*[button(action_id=str(each)) for each in range(25)]),
    "button with everything": actions(
        button(
            text=plain("x" * 75), value="x" * 2000, action_id="x" * 255, url="https://example.org/" + "x" * 2980,
            style="danger", accessibility_label="x" * 75,
            confirm=confirm(title=plain("x" * 100), text=mrkdwn("x" * 300), style="danger"),
        )
    ),
    "link to a local page": actions(button(url="http://127.0.0.1:8080/thread/1?x=%7C")),
    "select": actions(select()),
    "select of groups": actions(
        {"type": "static_select", "option_groups": [{"label": plain(), "options": select()["options"]}]}
    ),
    "image": {**IMAGE, "title": plain()},
    "input": INPUT,
    "markdown": {"type": "markdown", "text": "x" * 12_000},
    "rich text": rich("a", "b"),
    "table to the limit": table(100, 20),
    "table with columns left alone": {**table(1, 2), "column_settings": [None, {"align": "right"}]},
    "table of numbers": {"type": "table", "rows": [[{"type": "raw_number", "value": 3, "text": "3"}]]},
    "alert": {"type": "alert", "text": mrkdwn(), "level": "warning"},
    "two elements of two blocks with one action_id": section(accessory=button(action_id="same")),
}  # fmt: skip
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "unknown block": ({"type": "sektion"}, "unsupported type: sektion [json-pointer:/blocks/0/type]"),
    "no type": ({"text": plain()}, "must be a block with a type [json-pointer:/blocks/0]"),
    "section of nothing": ({"type": "section"}, "missing required field: text or fields [json-pointer:/blocks/0]"),
    "section too long": (
        section(text=mrkdwn("x" * 3001)), "must be less than 3001 characters [json-pointer:/blocks/0/text/text]",
    ),
    "section empty": (section(text=mrkdwn("")), "must be more than 0 characters [json-pointer:/blocks/0/text/text]"),
    "text as a bare string": (section(text="x"), "must be a text object with a type [json-pointer:/blocks/0/text]"),
    "11 fields": (section(fields=[mrkdwn()] * 11), "no more than 10 items allowed [json-pointer:/blocks/0/fields]"),
    "field too long": (
        section(fields=[mrkdwn("x" * 2001)]),
        "must be less than 2001 characters [json-pointer:/blocks/0/fields/0/text]",
    ),
    "no fields": (section(fields=[]), "no less than 1 items allowed [json-pointer:/blocks/0/fields]"),
    "mrkdwn in a header": (
        {"type": "header", "text": mrkdwn()}, "unsupported type: mrkdwn [json-pointer:/blocks/0/text/type]",
    ),
    "header too long": (
        {"type": "header", "text": plain("x" * 151)},
        "must be less than 151 characters [json-pointer:/blocks/0/text/text]",
    ),
    "emoji beside mrkdwn": (
        section(text=mrkdwn(emoji=True)), "invalid additional property: emoji [json-pointer:/blocks/0/text]",
    ),
    "unknown key of a block": (
        section(colour="red"), "invalid additional property: colour [json-pointer:/blocks/0]",
    ),
    "block_id too long": (
        section(block_id="x" * 256), "must be less than 256 characters [json-pointer:/blocks/0/block_id]",
    ),
    "mrkdwn on a button": (
        actions(button(text=mrkdwn())), "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/text/type]",
    ),
    "button text too long": (
        actions(button(text=plain("x" * 76))),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]",
    ),
    "button value too long": (
        actions(button(value="x" * 2001)),
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/value]",
    ),
    "button value a number": (
        actions(button(value=42)), "must be a string [json-pointer:/blocks/0/elements/0/value]",
    ),
    "action_id too long": (
        actions(button(action_id="x" * 256)),
        "must be less than 256 characters [json-pointer:/blocks/0/elements/0/action_id]",
    ),
    "url too long": (
        actions(button(url="https://example.org/" + "x" * 2981)),
        "must be less than 3001 characters [json-pointer:/blocks/0/elements/0/url]",
    ),
    "url of another scheme": (
        actions(button(url="javascript:alert(1)")), "invalid url [json-pointer:/blocks/0/elements/0/url]",
    ),
    "url without a host": (
        actions(button(url="https:///x")), "invalid url [json-pointer:/blocks/0/elements/0/url]",
    ),
    "url with a bar": (
        actions(button(url="https://example.org/a|b")), "invalid url [json-pointer:/blocks/0/elements/0/url]",
    ),
    "unheard-of style": (
        actions(button(style="loud")), "must be one of primary, danger [json-pointer:/blocks/0/elements/0/style]",
    ),
    "accessibility label too long": (
        actions(button(accessibility_label="x" * 76)),
        "must be less than 76 characters [json-pointer:/blocks/0/elements/0/accessibility_label]",
    ),
    "confirm title too long": (
        actions(button(confirm=confirm(title=plain("x" * 101)))),
        "must be less than 101 characters [json-pointer:/blocks/0/elements/0/confirm/title/text]",
    ),
    "confirm text too long": (
        actions(button(confirm=confirm(text=mrkdwn("x" * 301)))),
        "must be less than 301 characters [json-pointer:/blocks/0/elements/0/confirm/text/text]",
    ),
    "mrkdwn as a confirm title": (
        actions(button(confirm=confirm(title=mrkdwn()))),
        "unsupported type: mrkdwn [json-pointer:/blocks/0/elements/0/confirm/title/type]",
    ),
    "confirm without a way out": (
        actions(button(confirm={"title": plain(), "text": mrkdwn(), "confirm": plain()})),
        "missing required field: deny [json-pointer:/blocks/0/elements/0/confirm]",
    ),
    "26 buttons": (
        actions(*[button(action_id=str(each)) for each in range(26)]),
        "no more than 25 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "no buttons": (actions(), "no less than 1 items allowed [json-pointer:/blocks/0/elements]"),
    "one action_id twice": (
        actions(button(action_id="a"), button(action_id="a")),
        'action_id "a" already exists for another element [json-pointer:/blocks/0/elements]',
    ),
    "text in actions": (actions(plain()), "unsupported type: plain_text [json-pointer:/blocks/0/elements/0/type]"),
    "11 context elements": (
        {"type": "context", "elements": [mrkdwn()] * 11},
        "no more than 10 items allowed [json-pointer:/blocks/0/elements]",
    ),
    "context element too long": (
        {"type": "context", "elements": [mrkdwn("x" * 2001)]},
        "must be less than 2001 characters [json-pointer:/blocks/0/elements/0/text]",
    ),
    "button in context": (
        {"type": "context", "elements": [button()]},
        "unsupported type: button [json-pointer:/blocks/0/elements/0/type]",
    ),
    "image without words": (
        {"type": "image", "image_url": "https://example.org/a.png"},
        "missing required field: alt_text [json-pointer:/blocks/0]",
    ),
    "image from nowhere": (
        {"type": "image", "alt_text": "a"},
        "exactly one of image_url and slack_file is required [json-pointer:/blocks/0]",
    ),
    "select of nothing": (
        actions({"type": "static_select"}),
        "exactly one of options and option_groups is required [json-pointer:/blocks/0/elements/0]",
    ),
    "option value too long": (
        actions(select(options=[{"text": plain(), "value": "x" * 151}])),
        "must be less than 151 characters [json-pointer:/blocks/0/elements/0/options/0/value]",
    ),
    "101 rows": (table(101, 1), "no more than 100 items allowed [json-pointer:/blocks/0/rows]"),
    "21 cells": (table(1, 21), "no more than 20 items allowed [json-pointer:/blocks/0/rows/0]"),
    "number without text": (
        {"type": "table", "rows": [[{"type": "raw_number", "value": 3}]]},
        "missing required field: text [json-pointer:/blocks/0/rows/0/0]",
    ),
    "mrkdwn in a cell": (
        {"type": "table", "rows": [[mrkdwn()]]}, "unsupported type: mrkdwn [json-pointer:/blocks/0/rows/0/0/type]",
    ),
    "markdown too long": (
        {"type": "markdown", "text": "x" * 12_001}, "must be less than 12001 characters [json-pointer:/blocks/0/text]",
    ),
    "unknown part of rich text": (
        {"type": "rich_text", "elements": [{"type": "prose"}]},
        "unsupported type: prose [json-pointer:/blocks/0/elements/0/type]",
    ),
    "switch as a word": (
        section(text=plain(emoji="yes")), "must be a boolean [json-pointer:/blocks/0/text/emoji]",
    ),
}  # fmt: skip


@pytest.mark.parametrize("block", GOOD.values(), ids=GOOD)
def test_well_formed_block_is_without_fault(block: dict[str, Any]) -> None:
    assert faults_of({"text": "x", "blocks": [block]}) == []


@pytest.mark.parametrize(("block", "fault"), BAD.values(), ids=BAD)
def test_broken_rule_is_named_with_its_place(block: dict[str, Any], fault: str) -> None:
    assert faults_of({"text": "x", "blocks": [block]}) == [fault]


@pytest.mark.parametrize(("level", "sound"), [("warning", True), ("loud", False)])
def test_rare_block_is_held_against_the_sdk_model(level: str, sound: bool) -> None:
    faults = faults_of({"text": "x", "blocks": [{"type": "alert", "text": mrkdwn(), "level": level}]})

    assert (faults == []) is sound


def test_rare_block_with_an_unknown_key_is_refused() -> None:
    faults = faults_of({"text": "x", "blocks": [{"type": "alert", "text": mrkdwn(), "colour": "red"}]})

    assert faults == ["invalid additional property: colour [json-pointer:/blocks/0]"]


@pytest.mark.parametrize(("count", "sound"), [(50, True), (51, False)])
def test_message_holds_fifty_blocks(count: int, sound: bool) -> None:
    faults = refusals_of({"blocks": [section()] * count})

    assert faults == ([] if sound else ["no more than 50 items allowed [json-pointer:/blocks]"])


def test_two_blocks_with_one_id_are_refused() -> None:
    assert refusals_of({"blocks": [section(block_id="a"), section(block_id="a")]}) == [
        'block_id "a" already exists [json-pointer:/blocks]'
    ]


def test_one_action_id_in_two_blocks_is_allowed() -> None:
    assert refusals_of({"blocks": [actions(button(action_id="a")), actions(button(action_id="a"))]}) == []


def test_second_table_is_refused() -> None:
    assert refusals_of({"blocks": [table(1, 1), table(1, 1)]}) == ["only one table allowed [json-pointer:/blocks]"]


@pytest.mark.parametrize("blocks", ["[]", {}, 1], ids=["text", "object", "number"])
def test_blocks_that_are_no_list_are_refused(blocks: Any) -> None:
    assert refusals_of({"blocks": blocks}) == ["must be an array [json-pointer:/blocks]"]


VIEWS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "home": ({"type": "home", "blocks": [section()] * 100}, []),
    "home too full": (
        {"type": "home", "blocks": [section()] * 101}, ["no more than 100 items allowed [json-pointer:/view/blocks]"],
    ),
    "home with a title": (
        {"type": "home", "blocks": [], "title": plain()},
        ["invalid additional property: title [json-pointer:/view]"],
    ),
    "home of nothing": ({"type": "home"}, ["missing required field: blocks [json-pointer:/view]"]),
    "modal": (modal(section(), title=plain("x" * 24), private_metadata="x" * 3000), []),
    "modal title too long": (
        modal(title=plain("x" * 25)), ["must be less than 25 characters [json-pointer:/view/title/text]"],
    ),
    "modal with too much to remember": (
        modal(private_metadata="x" * 3001), ["must be less than 3001 characters [json-pointer:/view/private_metadata]"],
    ),
    "modal with an input": (modal(INPUT, submit=plain()), []),
    "modal with an input and no way to send it": (
        modal(INPUT), ["missing required field: submit (the view has an input block) [json-pointer:/view]"],
    ),
    "table in a view": (
        modal(table(1, 1)), ["unsupported type: table (messages only) [json-pointer:/view/blocks]"],
    ),
    "blocks that are none": (modal() | {"blocks": 3}, ["must be an array [json-pointer:/view/blocks]"]),
}  # fmt: skip


@pytest.mark.parametrize(("view", "faults"), VIEWS.values(), ids=VIEWS)
def test_view_has_rules_of_its_own(view: dict[str, Any], faults: list[str]) -> None:
    assert faults_of(view) == faults


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ({"text": "x" * 4000}, []),
        ({"text": "x" * 4001}, ["text is longer than 4000 characters [json-pointer:/text]"]),
        ({"blocks": [section()]}, ["text beside blocks is missing [json-pointer:/text]"]),
        ({"blocks": [section()], "text": ""}, ["text beside blocks is missing [json-pointer:/text]"]),
        ({"type": "home", "blocks": [section()]}, []),
    ],
    ids=["at the limit", "too long", "missing", "empty", "a view has none"],
)
def test_unreadable_text_is_advised_against_and_not_refused(message: dict[str, Any], advice: list[str]) -> None:
    assert advice_on(message) == advice
    assert refusals_of(message) == []
    assert faults_of(message) == advice


def test_characters_are_added_up_through_every_block() -> None:
    assert characters_of([section(text=mrkdwn("abc"), fields=[plain("de")]), rich("f", "gh"), table(2, 2)]) == 12
