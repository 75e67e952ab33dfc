"""People: what they may do, what the app is told of it, and what they see."""

from __future__ import annotations

from typing import Any

import pytest

from afk.sandbox.slack import HOME, Settings

CONFIRM = {
    "title": {"type": "plain_text", "text": "Sure?"}, "text": {"type": "mrkdwn", "text": "It costs."},
    "confirm": {"type": "plain_text", "text": "Yes"}, "deny": {"type": "plain_text", "text": "No"},
}  # fmt: skip


def events(town: Any) -> list[dict[str, Any]]:
    return [each["event"] for each in town.payloads if each.get("type") == "event_callback"]


def clicks(town: Any) -> list[dict[str, Any]]:
    return [each for each in town.payloads if each.get("type") == "block_actions"]


class TestCommands:
    def test_every_field_slack_sends_is_there(self, heard: Any) -> None:
        heard.slack.human.types(heard.ada, "/afk arm infra", heard.channel)
        app, team = heard.slack.workspace.app, heard.slack.workspace.team
        fields = heard.payloads[0]

        assert {name: fields[name] for name in fields if name not in {"response_url", "trigger_id"}} == {
            "token": app.verification_token, "team_id": team.id, "team_domain": "acme", "channel_id": heard.channel,
            "channel_name": "ops", "user_id": heard.ada, "user_name": "ada", "command": "/afk", "text": "arm infra",
            "api_app_id": app.id, "is_enterprise_install": "false",
        }  # fmt: skip
        assert fields["response_url"].startswith(f"{heard.slack.url}/respond/")
        assert fields["trigger_id"] in heard.slack.world.short_lived.triggers

    def test_private_channel_keeps_its_name(self, heard: Any) -> None:
        channel = heard.slack.create_channel("board", private=True)
        heard.slack.human.types(heard.ada, "/afk status", channel)

        assert heard.payloads[0]["channel_name"] == "privategroup"

    @pytest.mark.parametrize(("escapes", "text"), [(True, "say &lt;b&gt; &amp;"), (False, "say <b> &")])
    def test_typed_signs_are_escaped_unless_chosen_otherwise(self, answering: Any, escapes: bool, text: str) -> None:
        town = answering(lambda _payload: {}, settings=Settings(escapes_commands=escapes))
        town.slack.human.types(town.ada, "/afk say <b> &", town.channel)

        assert town.payloads[0]["text"] == text

    def test_command_nobody_registered_never_leaves_slack(self, heard: Any) -> None:
        seen = heard.slack.human.types(heard.ada, "/akf status", heard.channel)

        assert seen.warning == "/akf is not a valid command."
        assert heard.payloads == []

    def test_command_in_a_thread_never_leaves_slack(self, heard: Any) -> None:
        parent = heard.slack.human.types(heard.ada, "hello", heard.channel).ts
        seen = heard.slack.human.types(heard.ada, "/afk status", heard.channel, thread_ts=parent)

        assert seen.warning == "/afk is not supported in threads. Sorry!"
        assert len(heard.payloads) == 1

    def test_answer_in_the_channel_is_there_for_all(self, answering: Any) -> None:
        town = answering(
            lambda payload: {"text": "armed", "response_type": "in_channel"} if "command" in payload else {}
        )
        seen = town.slack.human.types(town.ada, "/afk arm infra", town.channel)

        assert (seen.text, town.slack.ephemerals(town.ada)) == ("armed", [])
        assert [each["text"] for each in town.slack.human.sees(town.bob, town.channel)] == ["armed"]

    def test_command_delivered_again_is_the_same_command(self, heard: Any) -> None:
        seen = heard.slack.human.types(heard.ada, "/afk status", heard.channel, times=3)

        assert len(seen.answers) == 3
        assert heard.payloads[0] == heard.payloads[1] == heard.payloads[2]

    def test_two_commands_have_two_triggers(self, heard: Any) -> None:
        for _ in range(2):
            heard.slack.human.types(heard.ada, "/afk status", heard.channel)

        assert heard.payloads[0]["trigger_id"] != heard.payloads[1]["trigger_id"]


class TestClicks:
    def test_payload_is_built_from_the_stored_message(self, heard: Any, actions: Any) -> None:
        ts = heard.posts("frozen", blocks=actions(), metadata={"event_type": "door", "event_payload": {"key": "1"}})
        heard.slack.human.clicks(heard.ada, ts, "rerun")
        app, team, payload = heard.slack.workspace.app, heard.slack.workspace.team, clicks(heard)[0]
        action = payload["actions"][0]

        assert payload["user"] == {"id": heard.ada, "username": "ada", "name": "ada", "team_id": team.id}
        assert (payload["team"], payload["api_app_id"]) == ({"id": team.id, "domain": "acme"}, app.id)
        assert payload["channel"] == {"id": heard.channel, "name": "ops"}
        assert payload["container"] == {
            "type": "message", "message_ts": ts, "channel_id": heard.channel, "is_ephemeral": False,
        }  # fmt: skip
        assert payload["message"] == heard.slack.find(ts)[1]
        assert payload["state"] == {"values": {}}
        assert (action["action_id"], action["block_id"], action["value"]) == ("rerun", "row", "infra#42:1")
        assert (action["type"], action["text"]) == ("button", {"type": "plain_text", "text": "Re-run", "emoji": True})
        assert action["action_ts"] > ts
        assert (payload["enterprise"], payload["is_enterprise_install"]) == (None, False)

    def test_button_that_is_not_there_cannot_be_clicked(self, heard: Any, actions: Any) -> None:
        ts = heard.posts("frozen", blocks=actions())
        with pytest.raises(LookupError, match="0 buttons are 'stop'; there are: rerun"):
            heard.slack.human.clicks(heard.ada, ts, "stop")

        heard.web.chat_update(channel=heard.channel, ts=ts, text="done", blocks=[])
        with pytest.raises(LookupError, match="there are: none"):
            heard.slack.human.clicks(heard.ada, ts, "rerun")
        assert clicks(heard) == []

    def test_one_of_several_like_buttons_is_chosen_by_its_value(self, heard: Any, button: Any) -> None:
        rows = [{"type": "actions", "elements": [button(value=each)]} for each in ("1", "2")]
        ts = heard.posts("frozen", blocks=rows)
        with pytest.raises(LookupError, match="2 buttons"):
            heard.slack.human.clicks(heard.ada, ts, "rerun")
        heard.slack.human.clicks(heard.ada, ts, "rerun", value="2")

        assert clicks(heard)[0]["actions"][0]["value"] == "2"

    def test_button_beside_a_section_is_a_button_too(self, heard: Any, button: Any) -> None:
        section = {"type": "section", "text": {"type": "mrkdwn", "text": "x"}, "accessory": button("open")}
        heard.slack.human.clicks(heard.ada, heard.posts("x", blocks=[section]), "open")

        assert clicks(heard)[0]["actions"][0]["action_id"] == "open"

    def test_click_in_a_thread_names_the_thread(self, heard: Any, actions: Any) -> None:
        parent = heard.posts()
        heard.slack.human.clicks(heard.ada, heard.posts("x", blocks=actions(), thread_ts=parent), "rerun")

        assert clicks(heard)[0]["container"]["thread_ts"] == parent

    def test_click_on_a_private_message_tells_where_and_not_what(self, answering: Any, actions: Any) -> None:
        said = {"text": "really?", "blocks": actions()}
        town = answering(lambda payload: said if "command" in payload else {})
        ts = town.slack.human.types(town.ada, "/afk arm infra", town.channel).messages[0]["ts"]
        town.slack.human.clicks(town.ada, ts, "rerun")

        assert "message" not in town.payloads[1]
        assert town.payloads[1]["container"]["is_ephemeral"] is True
        with pytest.raises(LookupError, match="cannot see"):
            town.slack.human.clicks(town.bob, ts, "rerun")

    def test_click_delivered_again_is_the_same_click(self, heard: Any, actions: Any) -> None:
        heard.slack.human.clicks(heard.ada, heard.posts(blocks=actions()), "rerun", times=2)

        assert clicks(heard)[0] == clicks(heard)[1]

    def test_stranger_clicks_with_a_team_of_their_own(self, heard: Any, actions: Any) -> None:
        globex = heard.slack.add_team("Globex")
        heard.slack.human.clicks(heard.slack.add_user("carol", globex), heard.posts(blocks=actions()), "rerun")
        payload = clicks(heard)[0]

        assert payload["user"]["team_id"] == globex.id
        assert payload["team"]["id"] == heard.slack.workspace.team.id


class TestConfirming:
    @pytest.fixture
    def asked(self, heard: Any, actions: Any, button: Any) -> Any:
        heard.ts = heard.posts("frozen", blocks=actions(button(confirm=CONFIRM)))
        heard.seen = heard.slack.human.clicks(heard.ada, heard.ts, "rerun")
        return heard

    def test_dialog_comes_first_and_the_app_hears_nothing(self, asked: Any) -> None:
        assert asked.seen.dialog["text"]["text"] == "It costs."
        assert clicks(asked) == []

    def test_yes_sends_the_click(self, asked: Any) -> None:
        asked.slack.human.confirms(asked.ada)

        assert clicks(asked)[0]["actions"][0]["value"] == "infra#42:1"

    def test_no_sends_nothing_and_closes_the_dialog(self, asked: Any) -> None:
        asked.slack.human.declines(asked.ada)

        with pytest.raises(KeyError):
            asked.slack.human.confirms(asked.ada)
        assert clicks(asked) == []

    def test_yes_to_a_button_that_is_gone_meanwhile_sends_nothing(self, asked: Any) -> None:
        asked.web.chat_update(channel=asked.channel, ts=asked.ts, text="done", blocks=[])

        with pytest.raises(LookupError):
            asked.slack.human.confirms(asked.ada)


class TestTalking:
    def test_message_is_told_with_its_envelope(self, heard: Any) -> None:
        ts = heard.slack.human.types(heard.ada, "a < b", heard.channel).ts
        envelope, event = heard.payloads[0], events(heard)[0]
        workspace = heard.slack.workspace

        assert (envelope["team_id"], envelope["api_app_id"]) == (workspace.team.id, workspace.app.id)
        assert envelope["event_id"].startswith("Ev")
        assert envelope["authorizations"][0]["user_id"] == workspace.app.user.id
        assert envelope["is_ext_shared_channel"] is False
        assert (event["type"], event["channel"], event["channel_type"]) == ("message", heard.channel, "channel")
        assert (event["user"], event["text"], event["ts"], event["event_ts"]) == (heard.ada, "a &lt; b", ts, ts)
        assert event["client_msg_id"]
        assert not {"subtype", "bot_id", "thread_ts", "user_team"} & set(event)

    def test_reply_names_its_thread_and_who_began_it(self, heard: Any) -> None:
        parent = heard.posts()
        ts = heard.slack.human.replies(heard.ada, parent, "try again").ts
        event = next(each for each in events(heard) if each["ts"] == ts)

        assert (event["thread_ts"], event["parent_user_id"]) == (parent, heard.slack.workspace.app.user.id)

    def test_app_hears_its_own_messages_and_edits(self, heard: Any, settled: Any) -> None:
        ts = heard.posts()
        heard.web.chat_update(channel=heard.channel, ts=ts, text="changed")
        settled(heard)
        posted = next(each for each in events(heard) if "subtype" not in each)
        changed = next(each for each in events(heard) if each.get("subtype") == "message_changed")

        assert posted["bot_id"] == heard.slack.workspace.app.user.bot_id
        assert (changed["message"]["text"], changed["previous_message"]["text"]) == ("changed", "hello")

    def test_other_bots_are_told_apart(self, heard: Any, settled: Any) -> None:
        heard.slack.other_bot_posts(heard.channel, "beep")
        settled(heard)

        assert events(heard)[0]["bot_id"] not in {"", heard.slack.workspace.app.user.bot_id}

    def test_edits_and_deletions_are_events_with_subtypes(self, heard: Any, settled: Any) -> None:
        ts = heard.slack.human.types(heard.ada, "before", heard.channel).ts
        heard.slack.human.edits(heard.ada, ts, "after")
        heard.slack.human.deletes(heard.ada, ts)
        settled(heard)
        by_kind = {each.get("subtype"): each for each in events(heard)}

        assert by_kind["message_changed"]["message"]["text"] == "after"
        assert by_kind["message_deleted"]["deleted_ts"] == ts
        with pytest.raises(LookupError):
            heard.slack.find(ts)

    def test_nobody_edits_what_another_wrote(self, heard: Any) -> None:
        ts = heard.slack.human.types(heard.ada, "mine", heard.channel).ts

        with pytest.raises(PermissionError):
            heard.slack.human.edits(heard.bob, ts, "yours")

    def test_shared_channel_hides_the_stranger_behind_the_host(self, heard: Any) -> None:
        """Only `user_team` tells; `team` stays the host's."""
        globex = heard.slack.add_team("Globex")
        carol = heard.slack.add_user("carol", globex)
        heard.slack.human.types(carol, "hello", heard.slack.create_channel("partners", shared=True))
        event = events(heard)[0]

        assert (event["user_team"], event["source_team"]) == (globex.id, globex.id)
        assert event["team"] == heard.slack.workspace.team.id
        assert heard.payloads[0]["is_ext_shared_channel"] is True

    def test_event_delivered_again_has_the_same_id(self, heard: Any) -> None:
        heard.slack.human.types(heard.ada, "hello", heard.channel, times=2)

        assert heard.payloads[0]["event_id"] == heard.payloads[1]["event_id"]

    @pytest.mark.parametrize(("private", "name"), [(False, "message.channels"), (True, "message.groups")])
    def test_event_comes_only_when_subscribed(self, answering: Any, private: bool, name: str) -> None:
        for subscribed in ((name,), ()):
            town = answering(lambda _payload: {}, settings=Settings(bot_events=subscribed))
            town.slack.human.types(town.ada, "hello", town.slack.create_channel("other", private=private))

            assert len(town.payloads) == len(subscribed)

    def test_event_comes_only_from_channels_the_app_is_in(self, heard: Any) -> None:
        heard.slack.remove_app(heard.channel)
        heard.slack.human.types(heard.ada, "hello", heard.channel)

        assert heard.payloads == []


class TestHome:
    def test_opening_tells_the_app_who(self, heard: Any) -> None:
        heard.slack.human.opens_home(heard.ada)
        event = events(heard)[0]

        assert (event["type"], event["user"], event["tab"]) == ("app_home_opened", heard.ada, "home")
        assert "view" not in event

    def test_opening_again_shows_the_app_what_it_published(self, heard: Any) -> None:
        view = heard.web.views_publish(user_id=heard.ada, view={"type": "home", "blocks": []})["view"]
        heard.slack.human.opens_home(heard.ada)

        assert events(heard)[0]["view"] == view

    def test_button_of_the_home_tab_names_the_view_and_no_channel(self, heard: Any, actions: Any) -> None:
        view = heard.web.views_publish(user_id=heard.ada, view={"type": "home", "blocks": actions()})["view"]
        heard.slack.human.clicks(heard.ada, HOME, "rerun")
        payload = clicks(heard)[0]

        assert payload["container"] == {"type": "view", "view_id": view["id"]}
        assert payload["view"]["hash"] == view["hash"]
        assert not {"channel", "message", "response_url"} & set(payload)

    def test_app_without_a_home_tab_hears_nothing(self, answering: Any) -> None:
        town = answering(lambda _payload: {}, settings=Settings(home_tab=False))

        assert town.slack.human.opens_home(town.ada).warning == "This app has no Home tab."
        assert town.app.exchanges == []


class TestSeeing:
    def test_later_message_is_waited_for(self, town: Any) -> None:
        town.posts("first")
        message = town.slack.human.waits_to_see(town.ada, town.channel, lambda each: "first" in each["text"])

        assert message["text"] == "first"

    def test_waiting_in_vain_names_what_there_is(self, town: Any) -> None:
        town.posts("something else")

        with pytest.raises(TimeoutError, match="something else"):
            town.slack.human.waits_to_see(town.ada, town.channel, lambda _each: False, seconds=0.05)

    def test_calls_are_counted(self, town: Any) -> None:
        town.posts()
        town.api("chat.postMessage", channel="C404", text="x")

        assert (town.slack.calls("chat.postMessage"), town.slack.calls("chat.update")) == (2, 0)
