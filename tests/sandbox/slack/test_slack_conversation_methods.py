"""Reading channels and threads, joining them, reacting."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

METADATA = {"event_type": "afk_doorbell", "event_payload": {"key": "door:42:1"}}


def texts(answer: Any) -> list[str]:
    return [each["text"] for each in answer["messages"]]


class TestHistory:
    def test_newest_comes_first_and_replies_stay_in_their_thread(self, town: Any) -> None:
        first = town.posts("first")
        town.posts("second")
        town.posts("reply", thread_ts=first)
        town.posts("broadcast", thread_ts=first, reply_broadcast=True)

        answer = town.api("conversations.history", channel=town.channel)

        assert texts(answer) == ["broadcast", "second", "first"]
        assert answer["has_more"] is False
        assert "response_metadata" not in answer

    def test_metadata_comes_only_when_asked_for(self, town: Any) -> None:
        town.posts(metadata=METADATA)
        plain = town.api("conversations.history", channel=town.channel)
        full = town.api("conversations.history", channel=town.channel, include_all_metadata=True)

        assert "metadata" not in plain["messages"][0]
        assert full["messages"][0]["metadata"] == METADATA

    def test_form_flag_of_the_sdk_is_understood(self, town: Any) -> None:
        town.posts(metadata=METADATA)
        answer = town.web.conversations_history(channel=town.channel, include_all_metadata=True)

        assert answer["messages"][0]["metadata"] == METADATA

    def test_bounds_are_exclusive_unless_told_otherwise(self, town: Any) -> None:
        first, second, third = (town.posts(text) for text in ("a", "b", "c"))
        bounds = {"channel": town.channel, "oldest": first, "latest": third}

        assert texts(town.api("conversations.history", **bounds)) == ["b"]
        assert texts(town.api("conversations.history", **bounds, inclusive=True)) == ["c", "b", "a"]
        assert texts(town.api("conversations.history", channel=town.channel, oldest=second)) == ["c"]

    def test_whole_second_is_a_bound_too(self, town: Any) -> None:
        town.posts("old")
        town.clock.forward(seconds=10)
        town.posts("new")
        since = str(int(town.clock.now.timestamp()) - 5)

        assert texts(town.api("conversations.history", channel=town.channel, oldest=since)) == ["new"]

    def test_pages_follow_one_another(self, town: Any) -> None:
        for text in "abcde":
            town.posts(text)
        pages = [texts(page) for page in town.web.conversations_history(channel=town.channel, limit=2)]

        assert pages == [["e", "d"], ["c", "b"], ["a"]]

    def test_fresh_message_may_be_missing_for_a_while(self, town: Any) -> None:
        town.slack.world.history_lag = timedelta(seconds=8)
        town.posts()
        assert texts(town.api("conversations.history", channel=town.channel)) == []

        town.clock.forward(seconds=9)

        assert texts(town.api("conversations.history", channel=town.channel)) == ["hello"]

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({"channel": "C404"}, "channel_not_found"),
            ({"oldest": "yesterday"}, "invalid_ts_oldest"),
            ({"latest": "now"}, "invalid_ts_latest"),
            ({"limit": 1000}, "invalid_limit"),
            ({"limit": "many"}, "invalid_arguments"),
            ({"cursor": "%%%"}, "invalid_cursor"),
            ({"cursor": "bmV4dDoxLjA="}, "invalid_cursor"),
        ],
    )
    def test_refused(self, town: Any, args: dict[str, Any], error: str) -> None:
        town.posts()

        assert town.api("conversations.history", **{"channel": town.channel, **args})["error"] == error

    def test_channel_the_app_is_not_in_is_closed_to_it(self, town: Any) -> None:
        town.slack.remove_app(town.channel)

        assert town.api("conversations.history", channel=town.channel)["error"] == "not_in_channel"

    @pytest.mark.parametrize(("private", "scope"), [(False, "channels:history"), (True, "groups:history")])
    def test_scope_depends_on_the_kind_of_channel(self, town: Any, private: bool, scope: str) -> None:
        channel = town.slack.create_channel("other", private=private)
        lacking = town.slack.bot_token({"channels:history", "groups:history"} - {scope})

        assert town.api("conversations.history", token=lacking, channel=channel)["needed"] == scope
        assert town.api("conversations.history", token=town.slack.bot_token([scope]), channel=channel)["ok"]


class TestReplies:
    def test_parent_leads_its_replies_oldest_first(self, town: Any) -> None:
        parent = town.posts("parent")
        for text in "ab":
            town.posts(text, thread_ts=parent)

        assert texts(town.api("conversations.replies", channel=town.channel, ts=parent)) == ["parent", "a", "b"]

    def test_reply_names_its_thread_as_well(self, town: Any) -> None:
        parent = town.posts("parent")
        reply = town.posts("a", thread_ts=parent)

        assert texts(town.api("conversations.replies", channel=town.channel, ts=reply)) == ["parent", "a"]

    def test_message_without_replies_is_a_thread_of_one(self, town: Any) -> None:
        assert texts(town.api("conversations.replies", channel=town.channel, ts=town.posts("alone"))) == ["alone"]

    def test_parent_comes_along_with_newer_replies(self, town: Any) -> None:
        parent = town.posts("parent")
        first = town.posts("a", thread_ts=parent)
        town.posts("b", thread_ts=parent)
        answer = town.api("conversations.replies", channel=town.channel, ts=parent, oldest=first)

        assert texts(answer) == ["parent", "b"]

    def test_unknown_thread_is_not_found(self, town: Any) -> None:
        assert town.api("conversations.replies", channel=town.channel, ts="1.000000")["error"] == "thread_not_found"


class TestChannels:
    def test_channel_is_described(self, town: Any) -> None:
        shared = town.slack.create_channel("partners", shared=True)
        channel = town.api("conversations.info", channel=shared)["channel"]

        assert (channel["name"], channel["is_ext_shared"], channel["is_member"]) == ("partners", True, True)
        assert (channel["is_private"], channel["is_archived"]) == (False, False)

    def test_list_shows_private_channels_only_when_asked_and_joined(self, town: Any) -> None:
        town.slack.create_channel("board", private=True)
        town.slack.create_channel("secret", private=True, with_app=False)
        both = town.api("conversations.list", types="public_channel,private_channel")

        assert [each["name"] for each in both["channels"]] == ["ops", "board"]
        assert [each["name"] for each in town.api("conversations.list")["channels"]] == ["ops"]

    def test_list_can_leave_archived_channels_out(self, town: Any) -> None:
        town.slack.archive(town.channel)

        assert len(town.api("conversations.list")["channels"]) == 1
        assert town.api("conversations.list", exclude_archived="true")["channels"] == []

    def test_list_pages(self, town: Any) -> None:
        town.slack.create_channel("second")
        names = [[each["name"] for each in page["channels"]] for page in town.web.conversations_list(limit=1)]

        assert names == [["ops"], ["second"]]

    def test_list_of_unheard_of_types_is_refused(self, town: Any) -> None:
        assert town.api("conversations.list", types="secret_channel")["error"] == "invalid_types"

    def test_joining_makes_a_member_once(self, town: Any) -> None:
        channel = town.slack.create_channel("other", with_app=False)
        first, again = (town.api("conversations.join", channel=channel) for _ in range(2))

        assert (first["ok"], first["channel"]["is_member"], "warning" in first) == (True, True, False)
        assert again["warning"] == "already_in_channel"

    def test_private_or_archived_channel_is_not_joined(self, town: Any) -> None:
        private = town.slack.create_channel("board", private=True)
        town.slack.archive(town.channel)

        refused = town.api("conversations.join", channel=private)["error"]

        assert refused == "method_not_supported_for_channel_type"
        assert town.api("conversations.join", channel=town.channel)["error"] == "is_archived"


class TestReactions:
    def test_reaction_is_given_once(self, town: Any) -> None:
        wanted = {"channel": town.channel, "timestamp": town.posts(), "name": "eyes"}
        app = town.slack.workspace.app.user.id

        assert town.api("reactions.add", **wanted) == {"ok": True}
        assert town.api("reactions.add", **wanted)["error"] == "already_reacted"
        assert town.slack.find(wanted["timestamp"])[1]["reactions"] == [{"name": "eyes", "users": [app], "count": 1}]

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({"timestamp": "1.000000"}, "message_not_found"),
            ({"timestamp": ""}, "no_item_specified"),
            ({"name": "Not An Emoji"}, "invalid_name"),
        ],
    )
    def test_refused(self, town: Any, args: dict[str, Any], error: str) -> None:
        wanted = {"channel": town.channel, "timestamp": town.posts(), "name": "eyes", **args}

        assert town.api("reactions.add", **wanted)["error"] == error
