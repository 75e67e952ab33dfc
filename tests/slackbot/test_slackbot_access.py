"""Who may ask what: everybody who is not on a list may nothing."""

from __future__ import annotations

from typing import Any

import pytest

from slackbot.access import Access, Caller, Right, clicked_by, said_by, typed_by

OPERATOR, READER, STRANGER = ("T1", "U1"), ("T1", "U2"), ("T1", "U3")
LISTS = Access(frozenset({OPERATOR}), frozenset({READER}))
NOBODY = Access(frozenset())


@pytest.mark.parametrize(
    ("access", "caller", "reads", "acts"),
    [
        pytest.param(LISTS, Caller(*OPERATOR), True, True, id="operator"),
        pytest.param(LISTS, Caller(*READER), True, False, id="reader"),
        pytest.param(LISTS, Caller(*STRANGER), False, False, id="stranger"),
        pytest.param(LISTS, Caller("T2", "U1"), False, False, id="the-same-name-in-another-team"),
        pytest.param(LISTS, Caller("T1", "U1", shared=True), False, False, id="operator-in-a-shared-channel"),
        pytest.param(LISTS, Caller("", "U1"), False, False, id="no-team"),
        pytest.param(LISTS, Caller("T1", ""), False, False, id="no-user"),
        pytest.param(NOBODY, Caller(*OPERATOR), False, False, id="empty-list"),
        pytest.param(Access(frozenset({("", "")})), Caller("", ""), False, False, id="nobody-on-the-list"),
    ],
)
def test_rights(access: Access, caller: Caller, reads: bool, acts: bool) -> None:
    assert (not access.refusal(caller, Right.READ), not access.refusal(caller, Right.ACT)) == (reads, acts)


@pytest.mark.parametrize(
    ("caller", "right", "said"),
    [
        pytest.param(Caller(*STRANGER), Right.READ, "T1:U3 may not do this. Hint: ask the operator to add it to AFK_SLACK_OPERATORS", id="stranger"),
        pytest.param(Caller(*READER), Right.ACT, "You may ask: /afk status", id="reader"),
        pytest.param(Caller("T1", "U1", shared=True), Right.READ, "shared with another organisation", id="shared"),
        pytest.param(Caller("", ""), Right.READ, "unknown:unknown may not do this", id="unreadable"),
        pytest.param(Caller("T1", "<!here>"), Right.READ, "T1:&lt;!here&gt; may not", id="hostile"),
    ],
)  # fmt: skip
def test_refusal_says_why_and_what_to_do(caller: Caller, right: Right, said: str) -> None:
    assert said in LISTS.refusal(caller, right)


MESSAGE = {"type": "message", "user": "U1", "team": "T1"}


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"is_ext_shared_channel": False, "event": MESSAGE}, Caller("T1", "U1"), id="message"),
        pytest.param(
            {"is_ext_shared_channel": True, "event": {**MESSAGE, "user_team": "T2"}},
            Caller("T2", "U1", shared=True),
            id="message-of-another-team",
        ),
        pytest.param({"event": MESSAGE}, Caller("T1", "U1", shared=True), id="message-from-who-knows-where"),
        pytest.param(
            {"team_id": "T1", "is_ext_shared_channel": False, "event": {"type": "message", "user": "U1"}},
            Caller("", "U1"),
            id="message-without-team",
        ),
        pytest.param({"team_id": "T1", "event": {"type": "app_home_opened", "user": "U1"}}, Caller("T1", "U1"), id="home"),
        pytest.param({"event": "message"}, Caller("", ""), id="no-event"),
        pytest.param({"event": {"type": "message", "user": 7, "team": ["T1"]}}, Caller("", "", shared=True), id="odd"),
    ],
)  # fmt: skip
def test_author_of_an_event(body: dict[str, Any], expected: Caller) -> None:
    assert said_by(body) == expected


def test_who_clicks_is_of_their_own_team_and_not_of_the_hosts() -> None:
    assert clicked_by({"team": {"id": "T1"}, "user": {"id": "U9", "team_id": "T2"}}) == Caller("T2", "U9")
    assert clicked_by({"team": {"id": "T1"}, "user": {"id": "U9"}}) == Caller("", "U9")
    assert clicked_by({}) == Caller("", "")


def test_who_types_is_named_in_the_command() -> None:
    assert typed_by({"team_id": "T1", "user_id": "U1"}) == Caller("T1", "U1")
    assert typed_by({"user_id": "U1"}) == Caller("", "U1")
