"""The names by which a repeat is recognised. A changed value here would lose every run in flight."""

from __future__ import annotations

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from afk.core.identifiers import (
    doorbell_key,
    marker,
    message_id,
    redispatch_key,
    redispatched_attempt,
    run_id,
    thread_id,
)
from afk.core.model import IssueRef

REF = IssueRef("infra", 42)


def test_names_are_what_they_were_when_first_released():
    assert run_id(REF, 1, "u") == "infra-42-1-c08fdb57"
    assert thread_id("infra-42-1-3f9a2c71", 1) == "60cd1ea2-edf3-51a0-8460-5a55ab40c2bb"
    assert message_id("infra-42-1-3f9a2c71", 1) == "9646a41c-eac0-58c0-8f20-c1fc4412065e"
    assert doorbell_key("infra-42-1-3f9a2c71", "done") == "infra-42-1-3f9a2c71:done"
    assert doorbell_key("infra-42-1-3f9a2c71", "question", "req-1") == "infra-42-1-3f9a2c71:question:req-1"
    assert redispatch_key(REF, 2) == "redispatch:infra:42:2"
    assert redispatched_attempt(redispatch_key(IssueRef("a:b/c", 7), 12)) == 12
    assert marker("infra-42-1-3f9a2c71", "checklist") == "<!-- afk:checklist:infra-42-1-3f9a2c71 -->"


@given(st.text(min_size=1, max_size=120), st.integers(1, 10**9 - 1), st.integers(1, 9999), st.text())
def test_run_id_is_safe_in_a_trailer_an_address_and_a_label(repo: str, number: int, attempt: int, unique: str):
    name = run_id(IssueRef(repo, number), attempt, unique)

    assert re.fullmatch(r"[A-Za-z0-9]+(-[A-Za-z0-9]+)*", name)
    assert name == run_id(IssueRef(repo, number), attempt, unique)
    assert len(name) <= 50


def test_run_ids_differ_by_everything_they_are_made_of():
    others = [(IssueRef("infra", 43), 1, "u"), (IssueRef("in.fra", 42), 1, "u"), (REF, 2, "u"), (REF, 1, "v")]
    alike = [(IssueRef("x" * 30 + tail, 42), 1, "u") for tail in "ab"]
    names = {run_id(*each) for each in [(REF, 1, "u"), *others, *alike]}

    assert len(names) == 7


def test_threads_and_messages_differ_by_run_and_number_and_from_each_other():
    names = [made(run, number) for made in (thread_id, message_id) for run in ("a", "a1") for number in (1, 11)]

    assert len(set(names)) == 8
    assert all(str(UUID(name)) == name for name in names)


@given(st.text(), st.text(), st.text(), st.text())
def test_doorbell_keys_of_two_doorbells_never_meet(run: str, question: str, other_run: str, other_question: str):
    same = (run, question) == (other_run, other_question)
    keys = doorbell_key(run, "question", question), doorbell_key(other_run, "question", other_question)

    assert (keys[0] == keys[1]) is same
    assert re.fullmatch(r"[A-Za-z0-9._:-]{1,250}", keys[0])


@pytest.mark.parametrize(
    "hostile", ["x -->", "--!>", "a--b", "-", "", "a\nb", "<!--", "afk:done:x", "x" * 500, "\ud800", "a-"], ids=repr
)
def test_no_name_breaks_out_of_the_marker(hostile: str):
    for mark in (marker(hostile, "checklist"), marker("run", hostile)):
        assert re.fullmatch(r"<!-- afk:[A-Za-z0-9._-]+:[A-Za-z0-9._-]+ -->", mark)
        assert "--" not in mark[4:-3]
        assert len(mark) < 200


@given(st.tuples(st.text(), st.text()), st.tuples(st.text(), st.text()))
def test_markers_are_alike_only_for_the_same_comment(one: tuple[str, str], other: tuple[str, str]):
    assert (marker(*one) == marker(*other)) is (one == other)
    assert (marker(*one) in marker(*other)) is (one == other)
