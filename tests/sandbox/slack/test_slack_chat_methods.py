"""Posting, updating and deleting: what is kept, what is given back, what is refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from afk.sandbox.faults import Fault, Trouble
from afk.sandbox.slack import Pace, Pacing

if TYPE_CHECKING:
    from collections.abc import Callable

METADATA = {"event_type": "afk_doorbell", "event_payload": {"key": "door:42:1"}}
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "*frozen*"}}


class TestPosting:
    def test_message_comes_back_as_slack_stores_it(self, town: Any) -> None:
        answer = town.web.chat_postMessage(channel=town.channel, text="hello", blocks=[SECTION], metadata=METADATA)
        app = town.slack.workspace.app
        message = answer["message"]

        assert (answer["channel"], answer["ts"]) == (town.channel, message["ts"])
        assert message["metadata"] == METADATA
        assert (message["bot_id"], message["app_id"], message["user"]) == (app.user.bot_id, app.id, app.user.id)
        assert message["blocks"][0]["text"] == {"type": "mrkdwn", "text": "*frozen*", "verbatim": False}
        assert message["blocks"][0]["block_id"]
        assert "client_msg_id" not in message

    def test_button_without_an_action_id_is_given_one(self, town: Any) -> None:
        button = {"type": "button", "text": {"type": "plain_text", "text": "Go"}}
        answer = town.api(
            "chat.postMessage", channel=town.channel, text="x", blocks=[{"type": "actions", "elements": [button]}]
        )
        stored = answer["message"]["blocks"][0]["elements"][0]

        assert stored["action_id"]
        assert stored["text"]["emoji"] is True

    def test_two_posts_in_one_instant_have_two_names(self, town: Any) -> None:
        first, second = town.posts("a"), town.posts("b")

        assert first < second
        assert first.startswith("1772366400.")

    def test_same_call_twice_is_two_messages(self, town: Any) -> None:
        town.posts("once")
        town.posts("once")

        assert [each["text"] for each in town.slack.messages(town.channel)] == ["once", "once"]

    def test_lost_answer_leaves_the_message_there(self, town: Any) -> None:
        town.slack.faults.add(Fault(Trouble.DROP_AFTER, "chat.postMessage"))
        with pytest.raises(OSError):  # noqa: PT011 - whichever the platform raises
            town.posts("lost")

        assert [each["text"] for each in town.slack.messages(town.channel)] == ["lost"]

    def test_channel_may_be_given_by_name(self, town: Any) -> None:
        assert town.api("chat.postMessage", channel="#ops", text="x")["channel"] == town.channel

    def test_form_and_json_mean_the_same(self, town: Any) -> None:
        data = {"channel": town.channel, "text": "x", "blocks": '[{"type": "divider"}]'}
        headers = {"Authorization": f"Bearer {town.token}"}
        answer = town.http.post(f"{town.slack.url}/api/chat.postMessage", data=data, headers=headers).json()

        assert answer["message"]["blocks"][0]["type"] == "divider"

    def test_overlong_text_is_cut_with_a_warning(self, town: Any) -> None:
        answer = town.api("chat.postMessage", channel=town.channel, text="x" * 40_001)

        assert (answer["ok"], answer["warning"]) == (True, "message_truncated")
        assert len(town.slack.find(answer["ts"])[1]["text"]) == 40_000

    def test_blocks_without_text_are_posted_and_noted(self, town: Any) -> None:
        assert town.api("chat.postMessage", channel=town.channel, blocks=[SECTION])["ok"]
        assert town.slack.advice == ["text beside blocks is missing [json-pointer:/text]"]

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({}, "no_text"),
            ({"text": ""}, "no_text"),
            ({"text": "x", "channel": "C404"}, "channel_not_found"),
            ({"text": "x", "blocks": "no json"}, "invalid_blocks_format"),
            ({"text": "x", "blocks": {}}, "invalid_blocks_format"),
            ({"text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
            ({"text": "x", "blocks": [{"type": "markdown", "text": "x" * 7000}] * 2}, "msg_blocks_too_long"),
            ({"text": "x", "metadata": {"event_type": "a"}}, "invalid_metadata_format"),
            ({"text": "x", "metadata": "no json"}, "invalid_metadata_format"),
            ({"text": "x", "metadata": {"event_type": "a b", "event_payload": {}}}, "invalid_metadata_schema"),
            ({"text": "x", "metadata": {"event_type": "a", "event_payload": {"x": "x" * 9000}}}, "metadata_too_large"),
            ({"text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
            ({"text": "x", "thread_ts": "1.000000"}, "cannot_reply_to_message"),
        ],
    )
    def test_refused(self, town: Any, args: dict[str, Any], error: str) -> None:
        assert town.api("chat.postMessage", **{"channel": town.channel, **args})["error"] == error
        assert town.slack.messages(town.channel) == []

    def test_block_faults_are_pointed_at(self, town: Any) -> None:
        answer = town.api("chat.postMessage", channel=town.channel, text="x", blocks=[{"type": "header"}])
        fault = "missing required field: text [json-pointer:/blocks/0]"

        assert answer["errors"] == [fault]
        assert answer["response_metadata"] == {"messages": [f"[ERROR] {fault}"]}

    def test_channel_the_app_has_left_is_not_posted_to(self, town: Any) -> None:
        town.slack.remove_app(town.channel)
        assert town.api("chat.postMessage", channel=town.channel, text="x")["error"] == "not_in_channel"

        anywhere = town.slack.bot_token(("chat:write", "chat:write.public"))

        assert town.api("chat.postMessage", token=anywhere, channel=town.channel, text="x")["ok"]

    def test_private_channel_does_not_exist_for_outsiders(self, town: Any) -> None:
        secret = town.slack.create_channel("board", private=True, with_app=False)

        assert town.api("chat.postMessage", channel=secret, text="x")["error"] == "channel_not_found"

    def test_archived_channel_is_closed(self, town: Any) -> None:
        ts = town.posts()
        town.slack.archive(town.channel)

        assert town.api("chat.postMessage", channel=town.channel, text="x")["error"] == "is_archived"
        assert town.api("chat.update", channel=town.channel, ts=ts, text="x")["error"] == "is_archived"


class TestThreads:
    def test_reply_is_counted_on_its_parent(self, town: Any) -> None:
        parent = town.posts()
        reply = town.posts("reply", thread_ts=parent)
        found = town.slack.find(parent)[1]

        assert (found["thread_ts"], found["reply_count"], found["latest_reply"]) == (parent, 1, reply)
        assert town.slack.find(reply)[1]["parent_user_id"] == found["user"]
        assert [each["ts"] for each in town.slack.thread(parent)] == [parent, reply]

    def test_reply_to_a_reply_is_refused(self, town: Any) -> None:
        parent = town.posts()
        reply = town.posts("reply", thread_ts=parent)

        refused = town.api("chat.postMessage", channel=town.channel, text="x", thread_ts=reply)

        assert refused["error"] == "cannot_reply_to_message"

    def test_broadcast_reply_is_marked(self, town: Any) -> None:
        ts = town.posts("frozen", thread_ts=town.posts(), reply_broadcast=True)

        assert town.slack.find(ts)[1]["subtype"] == "thread_broadcast"


class TestUpdating:
    def test_parts_not_given_stay(self, town: Any) -> None:
        ts = town.posts("before", blocks=[SECTION], metadata=METADATA)
        answer = town.web.chat_update(channel=town.channel, ts=ts, text="after")
        stored = town.slack.find(ts)[1]

        assert (answer["text"], stored["text"]) == ("after", "after")
        assert stored["blocks"][0]["text"]["text"] == "*frozen*"
        assert stored["metadata"] == METADATA
        assert stored["edited"]["user"] == stored["user"]

    def test_empty_list_takes_the_blocks_away(self, town: Any) -> None:
        ts = town.posts("before", blocks=[SECTION])
        town.web.chat_update(channel=town.channel, ts=ts, text="after", blocks=[])

        assert "blocks" not in town.slack.find(ts)[1]

    def test_same_update_twice_is_one_message(self, town: Any) -> None:
        ts = town.posts("before")
        for _ in range(2):
            town.web.chat_update(channel=town.channel, ts=ts, text="after")

        assert [each["text"] for each in town.slack.messages(town.channel)] == ["after"]

    @pytest.mark.parametrize(
        ("args", "error"),
        [
            ({"ts": "1.000000", "text": "x"}, "message_not_found"),
            ({}, "no_text"),
            ({"text": "x" * 4001}, "msg_too_long"),
            ({"text": "x", "blocks": [{"type": "nope"}]}, "invalid_blocks"),
            ({"text": "x", "channel": "#ops"}, "channel_not_found"),
        ],
    )
    def test_refused(self, town: Any, args: dict[str, Any], error: str) -> None:
        ts = town.posts("before")

        assert town.api("chat.update", **{"channel": town.channel, "ts": ts, **args})["error"] == error
        assert town.slack.find(ts)[1]["text"] == "before"

    def test_message_of_somebody_else_cannot_be_touched(self, town: Any) -> None:
        ts = town.slack.human.types(town.ada, "mine", town.channel).ts

        assert town.api("chat.update", channel=town.channel, ts=ts, text="x")["error"] == "cant_update_message"
        assert town.api("chat.delete", channel=town.channel, ts=ts)["error"] == "cant_delete_message"

    def test_ephemeral_cannot_be_updated(self, town: Any) -> None:
        town.slack.human.types(town.ada, "hi", town.channel)
        ts = town.api("chat.postEphemeral", channel=town.channel, user=town.ada, text="psst")["message_ts"]

        assert town.api("chat.update", channel=town.channel, ts=ts, text="x")["error"] == "message_not_found"


class TestDeleting:
    def test_message_is_gone(self, town: Any) -> None:
        ts = town.posts()
        town.web.chat_delete(channel=town.channel, ts=ts)

        assert town.slack.messages(town.channel) == []
        assert town.api("chat.delete", channel=town.channel, ts=ts)["error"] == "message_not_found"

    def test_parent_of_a_thread_leaves_a_tombstone(self, town: Any) -> None:
        parent = town.posts()
        town.posts("reply", thread_ts=parent)
        town.web.chat_delete(channel=town.channel, ts=parent)

        assert [each.get("subtype") for each in town.slack.thread(parent)] == ["tombstone", None]
        assert town.api("chat.update", channel=town.channel, ts=parent, text="x")["error"] == "message_not_found"

    def test_deleted_reply_is_no_longer_counted(self, town: Any) -> None:
        parent = town.posts()
        first, second = town.posts("a", thread_ts=parent), town.posts("b", thread_ts=parent)
        town.web.chat_delete(channel=town.channel, ts=second)
        assert (town.slack.find(parent)[1]["reply_count"], town.slack.find(parent)[1]["latest_reply"]) == (1, first)

        town.web.chat_delete(channel=town.channel, ts=first)

        assert "thread_ts" not in town.slack.find(parent)[1]


class TestEphemerals:
    def test_only_the_person_named_sees_it(self, town: Any) -> None:
        town.slack.human.types(town.ada, "hi", town.channel)
        town.web.chat_postEphemeral(channel=town.channel, user=town.ada, text="psst")

        assert [each["text"] for each in town.slack.ephemerals(town.ada)] == ["psst"]
        assert town.slack.ephemerals(town.bob) == []
        assert "psst" not in [each["text"] for each in town.slack.messages(town.channel)]

    def test_person_outside_the_channel_cannot_be_told(self, town: Any) -> None:
        answer = town.api("chat.postEphemeral", channel=town.channel, user=town.bob, text="psst")

        assert answer["error"] == "user_not_in_channel"

    def test_long_text_is_refused(self, town: Any) -> None:
        town.slack.human.types(town.ada, "hi", town.channel)
        answer = town.api("chat.postEphemeral", channel=town.channel, user=town.ada, text="x" * 4001)

        assert answer["error"] == "msg_too_long"


class TestPermalinks:
    def test_link_names_channel_and_message(self, town: Any) -> None:
        ts = town.posts()
        link = town.web.chat_getPermalink(channel=town.channel, message_ts=ts)["permalink"]

        assert link == f"https://acme.slack.com/archives/{town.channel}/p{ts.replace('.', '')}"

    def test_link_to_a_reply_names_its_thread(self, town: Any) -> None:
        parent = town.posts()
        ts = town.posts("reply", thread_ts=parent)
        link = town.web.chat_getPermalink(channel=town.channel, message_ts=ts)["permalink"]

        assert link.endswith(f"?thread_ts={parent}&cid={town.channel}")

    def test_unknown_message_has_none(self, town: Any) -> None:
        assert town.api("chat.getPermalink", channel=town.channel, message_ts="1.0")["error"] == "message_not_found"


class TestPacing:
    def paced(self, opens: Callable[..., Any], pacing: Pacing) -> Any:
        return opens(pacing=pacing)

    def test_post_after_the_burst_waits_a_second(self, opens: Callable[..., Any]) -> None:
        town = self.paced(opens, Pacing(posts=Pace(burst=2, per_second=1.0)))
        town.posts()
        town.posts()
        url, headers = f"{town.slack.url}/api/chat.postMessage", {"Authorization": f"Bearer {town.token}"}
        refused = town.http.post(url, json={"channel": town.channel, "text": "x"}, headers=headers)

        assert (refused.status_code, refused.headers["Retry-After"]) == (429, "1")
        assert refused.json() == {"ok": False, "error": "ratelimited"}
        assert len(town.slack.messages(town.channel)) == 2

        town.clock.forward(seconds=1)

        assert town.posts()

    def test_each_channel_has_its_own_pace(self, opens: Callable[..., Any]) -> None:
        town = self.paced(opens, Pacing(posts=Pace(burst=1, per_second=1.0)))
        other = town.slack.create_channel("other")
        town.posts()

        assert town.api("chat.postMessage", channel=other, text="x")["ok"]
        assert town.api("chat.postMessage", channel=town.channel, text="x")["error"] == "ratelimited"

    def test_updates_are_counted_apart_from_posts(self, opens: Callable[..., Any]) -> None:
        town = self.paced(opens, Pacing(posts=Pace(burst=1, per_second=1.0), updates=Pace(burst=2, per_second=0.1)))
        ts = town.posts()
        answers = [town.api("chat.update", channel=town.channel, ts=ts, text=str(each)) for each in range(3)]

        assert [answer["ok"] for answer in answers] == [True, True, False]

    def test_pacing_is_on_unless_switched_off(self, opens: Callable[..., Any]) -> None:
        town = self.paced(opens, Pacing())
        answers = [town.api("chat.postMessage", channel=town.channel, text="x")["ok"] for _ in range(6)]

        assert answers == [True] * 5 + [False]
