"""The manifest asks for what the code registers, handles and calls, and for nothing else."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from afk.adapters.slack import desk
from afk.adapters.slack.answers import HISTORY, POST, UPDATE
from afk.core import slack_words as words
from afk.sandbox.slack.manifest import faults_of_manifest
from slackbot import manifest

if TYPE_CHECKING:
    from tests.slackbot.conftest import Town

DEPLOY = Path(__file__).parents[2] / "deploy"


@pytest.mark.parametrize("address", ["", "https://afk.example.org"], ids=["socket-mode", "http"])
def test_slack_takes_the_manifest(address: str) -> None:
    assert faults_of_manifest(manifest.manifest(address)) == []


@pytest.mark.parametrize("name", manifest.FILES)
def test_file_is_what_the_code_writes(name: str) -> None:
    text = (DEPLOY / name).read_text()

    assert text == manifest.file(name)
    assert yaml.safe_load(text) == manifest.manifest(manifest.FILES[name])


def test_methods_that_are_called_have_their_scopes() -> None:
    called = {method.name for method in (POST, UPDATE, HISTORY, *desk.CALLS)} | {"apps.connections.open"}

    assert set(manifest.SCOPES) == called


def test_every_call_of_the_adapters_is_listed() -> None:
    """As the SDK names them: `chat_postMessage` is `chat.postMessage`."""
    source = "".join(path.read_text() for path in Path(desk.__file__).parent.glob("*.py"))
    calls = {name.replace("_", ".", 1) for name in re.findall(r"_client\.(\w+_\w+)\b", source)}

    assert calls == set(manifest.SCOPES) - {"apps.connections.open"}


@pytest.mark.parametrize("transport", ["socket"])
def test_commands_and_events_are_those_that_are_registered(opens: object, transport: str) -> None:
    town: Town = opens(transport)  # type: ignore[operator]
    asked = manifest.manifest()
    heard = {each.split(".")[0] for each in asked["settings"]["event_subscriptions"]["bot_events"]}

    assert [command["command"] for command in asked["features"]["slash_commands"]] == ["/afk"]
    assert heard == {"app_home_opened", "message"}
    assert town.types("status").text.startswith("AFK is on")
    registered = {listener.ack_function.__module__ for listener in town.app._listeners}
    assert registered == {f"slackbot.{name}" for name in ("commands", "confirmation", "buttons", "replies", "home")}


def test_usage_hint_names_every_verb() -> None:
    assert set(manifest.USAGE.split(" | ")) == set(words.NAMES)
