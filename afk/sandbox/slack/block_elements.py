"""State the rules of the elements that stand inside blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.sandbox.slack.block_rules import (
    any_text,
    boolean,
    fault,
    items,
    one_of,
    plain,
    shape,
    string,
    typed,
    url,
    whole,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from afk.sandbox.slack.block_rules import Check

ACTION_ID = string(255)
CONFIRM = shape(
    {"title": plain(100), "text": any_text(300), "confirm": plain(30), "deny": plain(30)},
    {"style": one_of("primary", "danger")},
)
PLACEHOLDER = plain(150)
COMMON = {"action_id": ACTION_ID, "confirm": CONFIRM, "focus_on_load": boolean}


def option(text: Check) -> Check:
    return shape({"text": text, "value": string(150)}, {"description": plain(75), "url": url()})


PLAIN_OPTION = option(plain(75))
RICH_OPTION = option(any_text(75))
GROUP = shape({"label": plain(75), "options": items(PLAIN_OPTION, 100)})


def static_select(extra: Mapping[str, Check]) -> Check:
    known = {"options": items(PLAIN_OPTION, 100), "option_groups": items(GROUP, 100), "placeholder": PLACEHOLDER}
    keys = shape({}, {**COMMON, **known, **extra})

    def check(value: dict[str, Any], at: str) -> Iterator[str]:
        yield from keys(value, at)
        if ("options" in value) == ("option_groups" in value):
            yield fault("exactly one of options and option_groups is required", at)

    return check


def picker(initial: str, check: Check) -> Check:
    return shape({}, {**COMMON, "placeholder": PLACEHOLDER, initial: check})


def several(initial: str) -> Check:
    known = {initial: items(string(255), 100), "max_selected_items": whole(1, 100)}
    return shape({}, {**COMMON, "placeholder": PLACEHOLDER, **known})


IMAGE_KEYS: dict[str, Check] = {"image_url": url(), "slack_file": shape({}, {"id": string(255), "url": url()})}


def image(extra: Mapping[str, Check]) -> Check:
    keys = shape({"alt_text": string(2000)}, {**IMAGE_KEYS, **extra})

    def check(value: dict[str, Any], at: str) -> Iterator[str]:
        yield from keys(value, at)
        if ("image_url" in value) == ("slack_file" in value):
            yield fault("exactly one of image_url and slack_file is required", at)

    return check


BUTTON = shape(
    {"text": plain(75)},
    {
        "action_id": ACTION_ID,
        "url": url(),
        "value": string(2000),
        "style": one_of("primary", "danger"),
        "confirm": CONFIRM,
        "accessibility_label": string(75),
    },
)
CHOICES = items(RICH_OPTION, 10)
DISPATCH = shape(
    {"trigger_actions_on": items(one_of("on_enter_pressed", "on_character_entered"), 2)},
)

CLICKABLE: dict[str, Check] = {
    "button": BUTTON,
    "overflow": shape({"options": items(PLAIN_OPTION, 5)}, {"action_id": ACTION_ID, "confirm": CONFIRM}),
    "checkboxes": shape({"options": CHOICES}, {**COMMON, "initial_options": CHOICES}),
    "radio_buttons": shape({"options": CHOICES}, {**COMMON, "initial_option": RICH_OPTION}),
    "datepicker": picker("initial_date", string(10, 10)),
    "timepicker": picker("initial_time", string(5, 5)),
    "datetimepicker": shape({}, {**COMMON, "initial_date_time": whole(10**9, 10**10 - 1)}),
    "static_select": static_select({"initial_option": PLAIN_OPTION}),
    "multi_static_select": static_select(
        {"initial_options": items(PLAIN_OPTION, 100), "max_selected_items": whole(1, 100)}
    ),
    "users_select": picker("initial_user", string(255)),
    "channels_select": picker("initial_channel", string(255)),
    "conversations_select": picker("initial_conversation", string(255)),
    "multi_users_select": several("initial_users"),
    "multi_channels_select": several("initial_channels"),
    "multi_conversations_select": several("initial_conversations"),
}
TYPED: dict[str, Check] = {
    "plain_text_input": shape(
        {},
        {
            "action_id": ACTION_ID,
            "initial_value": string(3000),
            "multiline": boolean,
            "min_length": whole(0, 3000),
            "max_length": whole(1, 3000),
            "dispatch_action_config": DISPATCH,
            "focus_on_load": boolean,
            "placeholder": PLACEHOLDER,
        },
    ),
    "email_text_input": picker("initial_value", string(3000)),
    "url_text_input": picker("initial_value", string(3000)),
}

IN_ACTIONS = typed(CLICKABLE, "an element")
IN_SECTION = typed({**CLICKABLE, "image": image({})}, "an element")
IN_INPUT = typed(
    {**{name: check for name, check in CLICKABLE.items() if name not in {"button", "overflow"}}, **TYPED}, "an element"
)
IN_CONTEXT = typed(
    {
        "image": image({}),
        "plain_text": shape({"text": string(2000)}, {"emoji": boolean}),
        "mrkdwn": shape({"text": string(2000)}, {"verbatim": boolean}),
    },
    "an image or a text object",
)
