from __future__ import annotations

import pytest

from afk.adapters.t3.answers import answers, decision
from afk.adapters.t3.body import Ask, Request, RequestState
from afk.ports import Unexpected

DATABASE = Ask("q1", "Which database?", ("Postgres", "SQLite"))
PORT = Ask("q2", "Which port?")


def request(*asks):
    return Request("req-1", RequestState.WAITING, is_approval=False, asks=asks)


@pytest.mark.parametrize("words", ["yes", "Yes", " YES. ", "y", "ok", "Okay!", "accept", "approve", "allow"])
def test_a_plain_yes_is_leave(words):
    assert decision(words) == "accept"


@pytest.mark.parametrize(
    "words", ["no", "n", "decline", "", "  ", "yes, but not on main", "not ok", "why?", "acceptForSession", "yesterday"]
)
def test_anything_else_is_no_leave(words):
    assert decision(words) == "decline"


@pytest.mark.parametrize(
    ("asks", "words", "expected"),
    [
        pytest.param([DATABASE], "Postgres", {"q1": "Postgres"}, id="an-option"),
        pytest.param([DATABASE], " postgres\n", {"q1": "Postgres"}, id="an-option-as-people-type-it"),
        pytest.param([DATABASE], "a file, please", {"q1": "a file, please"}, id="free-words"),
        pytest.param([DATABASE], "a file\nor two", {"q1": "a file\nor two"}, id="one-question-takes-every-line"),
        pytest.param([DATABASE, PORT], "sqlite\n80", {"q1": "SQLite", "q2": "80"}, id="a-line-each"),
        pytest.param(
            [DATABASE, PORT], "\nsqlite\n\n 80\n", {"q1": "SQLite", "q2": "80"}, id="empty-lines-do-not-count"
        ),
        pytest.param([DATABASE, PORT], "you choose", {"q1": "you choose", "q2": "you choose"}, id="one-line-for-all"),
        pytest.param([DATABASE, PORT], "a\nb\nc", {"q1": "a\nb\nc", "q2": "a\nb\nc"}, id="more-lines-than-questions"),
    ],
)
def test_words_become_one_answer_for_each_question(asks, words, expected):
    assert answers(request(*asks), words, by_text=False) == expected


def test_answers_are_keyed_by_the_question_where_the_provider_wants_it():
    assert answers(request(DATABASE, PORT), "sqlite\n80", by_text=True) == {
        "Which database?": "SQLite",
        "Which port?": "80",
    }


def test_a_request_without_a_question_cannot_be_answered():
    with pytest.raises(Unexpected, match="req-1"):
        answers(request(), "yes", by_text=False)
