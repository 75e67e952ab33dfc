"""Many people and many calls at once leave the workspace whole."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from afk.sandbox.faults import Fault, Trouble


def test_thirty_clicks_by_three_people_each_delivered_twice(answering: Any, actions: Any) -> None:
    """The scenario of slack.md section 11.8: sixty deliveries, thirty different clicks."""
    town = answering(lambda _payload: {}, ack_seconds=3.0)
    people = [town.ada, town.bob, town.slack.add_user("carol")]
    ts = town.posts("frozen", blocks=actions())
    with ThreadPoolExecutor(10) as crowd:
        seen = list(crowd.map(lambda each: town.slack.human.clicks(people[each % 3], ts, "rerun", times=2), range(30)))
    clicks = [each for each in town.payloads if each.get("type") == "block_actions"]

    assert Counter(each.warning for each in seen) == {"": 30}
    assert set(Counter(each["trigger_id"] for each in clicks).values()) == {2}
    assert Counter(each["user"]["id"] for each in clicks) == dict.fromkeys(people, 20)


def test_posts_from_many_threads_are_all_there_and_in_order(town: Any) -> None:
    with ThreadPoolExecutor(8) as crowd:
        names = list(crowd.map(lambda each: town.posts(str(each)), range(60)))
    stored = town.slack.messages(town.channel)

    assert len(set(names)) == 60
    assert [each["ts"] for each in stored] == sorted(names)


def test_answer_given_late_still_counts_the_effect_once(town: Any) -> None:
    town.slack.faults.add(Fault(Trouble.STATUS_AFTER, "chat.postMessage", status=503))
    headers = {"Authorization": f"Bearer {town.token}"}
    url = f"{town.slack.url}/api/chat.postMessage"
    first = town.http.post(url, json={"channel": town.channel, "text": "x"}, headers=headers)

    assert first.status_code == 503
    assert [each["text"] for each in town.slack.messages(town.channel)] == ["x"]


def test_what_a_story_reads_is_a_copy(town: Any) -> None:
    ts = town.posts("before")
    for read in (
        town.slack.messages(town.channel),
        town.slack.thread(ts),
        town.slack.human.sees(town.ada, town.channel),
    ):
        read[0]["text"] = "changed in the story"

    assert town.slack.find(ts)[1]["text"] == "before"


def test_state_outlives_a_restart_on_the_same_port(town: Any) -> None:
    url, ts = town.slack.url, town.posts("before")
    town.slack.stop()
    town.slack.start()

    assert (town.slack.url, town.posts("after") > ts) == (url, True)
    assert [each["text"] for each in town.slack.messages(town.channel)] == ["before", "after"]
