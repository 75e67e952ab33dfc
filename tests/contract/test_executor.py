"""What every executor promises, whoever it is."""

from __future__ import annotations

from uuid import uuid4

import pytest

from afk.core.model import ForgeKind, Repo, Slug, ThreadStatus
from afk.ports import Gone, PortError, ThreadOrder, TurnOrder, Uncertain, Unreachable, Watched
from tests.contract.executors import DRIVEN, READABLE, WRITABLE, Live, bench

REPO = Repo("infra", ForgeKind.GITHUB, Slug("acme", "infra"), ())
NOBODY = "00000000-0000-5000-8000-000000000000"


class Story:
    """One thread, and what is ordered of it."""

    def __init__(self, bench) -> None:
        self.bench = bench
        self.executor = bench.executor
        self.thread_id = str(uuid4())
        self.order = ThreadOrder(
            self.thread_id, REPO, "infra#42 Reply", f"{self.thread_id}-m1", "Reply with the word OK."
        )
        self.before = None
        self.message_id, self.receipt = self.order.message_id, ""

    def opens(self):
        self.receipt = self.executor.open(self.order)
        return self

    def follow_up(self, name="m2", text="CI is red"):
        return TurnOrder(self.thread_id, f"{self.thread_id}-{name}", text)

    def sends(self, name="m2"):
        self.before = self.sees().turn
        order = self.follow_up(name)
        self.receipt, self.message_id = self.executor.send(order), order.message_id

    def fleet(self):
        watched = Watched(self.thread_id, self.message_id, self.before, self.receipt, self.bench.now())
        return self.executor.fleet([watched])

    def sees(self):
        return self.fleet()[self.thread_id]

    def question(self):
        return self.executor.transcript(self.thread_id).question


@pytest.fixture
def story(request):
    with bench(request.param) as one:
        told = Story(one)
        yield told
        if isinstance(one, Live) and told.receipt:
            one.leaves(told.thread_id)


driven = pytest.mark.parametrize("story", DRIVEN, indirect=True)
readable = pytest.mark.parametrize("story", READABLE, indirect=True)
writable = pytest.mark.parametrize("story", WRITABLE, indirect=True)


# what needs nobody at work


@readable
def test_a_thread_that_never_was_is_missing_from_the_fleet(story):
    assert story.fleet() == {}


@readable
def test_a_thread_that_never_was_has_no_transcript(story):
    with pytest.raises(Gone, match=NOBODY):
        story.executor.transcript(NOBODY)


@readable
def test_the_link_leads_to_the_thread(story):
    link = story.executor.link(story.thread_id)

    assert link.startswith(("https://t3.example/", "https://t3.example.org/"))
    assert link.endswith(f"/{story.thread_id}")


@driven
@pytest.mark.parametrize(
    "act",
    [
        lambda story: story.executor.send(story.follow_up()),
        lambda story: story.executor.answer(story.follow_up(), "req-1"),
        lambda story: story.executor.interrupt(story.thread_id, None, "key"),
        lambda story: story.executor.interrupt(story.thread_id, "turn-1", "key"),
    ],
    ids=["send", "answer", "interrupt", "interrupt-a-turn"],
)
def test_nothing_can_be_done_in_a_thread_that_never_was(story, act):
    with pytest.raises(Gone):
        act(story)


# opening


@writable
def test_an_opened_thread_is_in_the_fleet_and_not_over(story):
    story.opens()

    assert story.sees().status in {ThreadStatus.STARTING, ThreadStatus.RUNNING}


@writable
def test_the_same_order_twice_opens_one_thread_and_says_one_thing(story):
    first = story.opens().receipt
    story.opens()

    assert story.sees().id == story.thread_id
    assert first.isdigit()


@driven
def test_a_thread_starts_when_its_agent_does(story):
    story.opens()
    before = story.sees()
    story.bench.starts()
    after = story.sees()

    assert (before.status, before.turn or None) != (after.status, after.turn)
    assert (before.status, after.status) == (ThreadStatus.STARTING, ThreadStatus.RUNNING)
    assert after.turn


@driven
def test_however_often_it_is_opened_the_agent_hears_the_task_once(story):
    for _ in range(3):
        story.opens()
    story.bench.starts()
    story.opens()

    assert (story.bench.threads(), story.bench.heard()) == (1, ["Reply with the word OK."])


# turns


@driven
def test_a_turn_that_ended_stays_ended(story):
    story.opens()
    story.bench.starts()
    story.bench.ends()

    assert [story.sees().status for _ in range(2)] == [ThreadStatus.ENDED] * 2


@driven
def test_a_failed_turn_says_why(story):
    story.opens()
    story.bench.starts()
    story.bench.fails("out of memory")

    assert (story.sees().status, story.sees().error) == (ThreadStatus.FAILED, "out of memory")


@driven
def test_a_follow_up_does_not_show_the_turn_before_as_its_own(story):
    story.opens()
    story.bench.starts()
    story.bench.ends()
    first = story.sees().turn
    story.sends()
    waiting = story.sees().status
    story.bench.starts()
    second = story.sees()
    story.bench.ends()

    assert waiting is ThreadStatus.STARTING
    assert second.status is ThreadStatus.RUNNING
    assert second.turn != first
    assert story.sees().status is ThreadStatus.ENDED


@driven
def test_a_follow_up_that_is_sent_again_is_said_once(story):
    story.opens()
    story.bench.starts()
    story.bench.ends()
    receipts = {story.executor.send(story.follow_up()) for _ in range(3)}
    story.bench.starts()
    story.executor.send(story.follow_up())

    assert story.bench.heard() == ["Reply with the word OK.", "CI is red"]
    assert all(receipt.isdigit() for receipt in receipts)


@driven
def test_words_into_a_running_turn_begin_no_other(story):
    story.opens()
    story.bench.starts()
    turn = story.sees().turn
    story.executor.send(story.follow_up(text="mind the gap"))

    assert story.bench.heard()[-1] == "mind the gap"
    assert (story.sees().status, story.sees().turn) == (ThreadStatus.RUNNING, turn)


# questions


@driven
def test_an_agent_that_asks_is_seen_asking_and_its_question_is_read(story):
    story.opens()
    story.bench.starts()
    story.bench.asks("Which database?", "Postgres", "SQLite")
    question = story.question()

    assert story.sees().status is ThreadStatus.ASKING
    assert (question.text, question.options, question.is_approval) == ("Which database?", ("Postgres", "SQLite"), False)


@driven
def test_an_answer_lets_the_turn_go_on_and_counts_once(story):
    story.opens()
    story.bench.starts()
    turn = story.sees().turn
    story.bench.asks("Which database?", "Postgres")
    asked = story.question().id
    for _ in range(2):
        story.executor.answer(story.follow_up(text="Postgres"), asked)

    assert story.bench.answers() == ["Postgres"]
    assert (story.sees().status, story.sees().turn, story.question()) == (ThreadStatus.RUNNING, turn, None)


# interrupts


@driven
@pytest.mark.parametrize("named", [True, False], ids=["by-its-name", "whatever-runs"])
def test_an_interrupted_turn_shows_as_interrupted(story, named):
    story.opens()
    story.bench.starts()
    turn = story.sees().turn
    for _ in range(2):
        story.executor.interrupt(story.thread_id, turn if named else None, "key")

    assert story.sees().status is ThreadStatus.INTERRUPTED


@driven
def test_a_turn_that_a_person_interrupts_shows_as_interrupted(story):
    story.opens()
    story.bench.starts()
    story.bench.is_interrupted()

    assert story.sees().status is ThreadStatus.INTERRUPTED


@driven
def test_an_interrupt_of_another_turn_leaves_this_one_alone(story):
    story.opens()
    story.bench.starts()
    story.executor.interrupt(story.thread_id, "some-other-turn", "key")

    assert story.sees().status is ThreadStatus.RUNNING


@driven
def test_an_interrupt_after_the_end_changes_nothing(story):
    story.opens()
    story.bench.starts()
    story.bench.ends()
    story.executor.interrupt(story.thread_id, story.sees().turn, "key")

    assert story.sees().status is ThreadStatus.ENDED


# transcripts and revisions


@driven
def test_the_agents_messages_are_read_oldest_first(story):
    story.opens()
    story.bench.starts()
    story.bench.says("AFK-Phase: worktree")
    story.bench.says("Done.")

    assert story.executor.transcript(story.thread_id).messages == ("AFK-Phase: worktree", "Done.")


@driven
def test_a_thread_without_reported_tokens_has_no_cost(story):
    story.opens()

    assert story.executor.transcript(story.thread_id).cost_usd is None


@driven
def test_the_revision_changes_when_something_was_said_and_else_stays(story):
    story.opens()
    story.bench.starts()
    first, again = story.sees().revision, story.sees().revision
    story.bench.says("x")

    assert first == again != story.sees().revision


# trouble


@driven
def test_a_thread_that_vanished_is_missing_from_the_fleet(story):
    story.opens()
    story.bench.vanishes()

    assert story.fleet() == {}


@driven
@pytest.mark.parametrize(
    "act",
    [
        lambda story: story.executor.send(story.follow_up()),
        lambda story: story.executor.answer(story.follow_up(), "req-1"),
        lambda story: story.executor.interrupt(story.thread_id, None, "key"),
        lambda story: story.executor.transcript(story.thread_id),
    ],
    ids=["send", "answer", "interrupt", "transcript"],
)
def test_nothing_can_be_done_in_a_thread_that_vanished(story, act):
    story.opens()
    story.bench.vanishes()

    with pytest.raises(Gone):
        act(story)


@driven
def test_a_thread_that_vanished_is_not_opened_again(story):
    story.opens()
    story.bench.vanishes()

    with pytest.raises(Gone):
        story.opens()
    assert story.fleet() == {}


@driven
@pytest.mark.parametrize(
    "act",
    [
        lambda story: story.fleet(),
        lambda story: story.opens(),
        lambda story: story.executor.send(story.follow_up()),
        lambda story: story.executor.answer(story.follow_up(), "req-1"),
        lambda story: story.executor.interrupt(story.thread_id, None, "key"),
        lambda story: story.executor.transcript(story.thread_id),
    ],
    ids=["fleet", "open", "send", "answer", "interrupt", "transcript"],
)
def test_an_executor_that_is_down_is_unreachable_and_not_gone(story, act):
    story.opens()
    story.bench.goes_down()

    with pytest.raises(Unreachable):
        act(story)
    story.bench.comes_back()
    assert story.sees().status is ThreadStatus.STARTING


@driven
@pytest.mark.parametrize("call", ["open", "send"])
def test_a_lost_reply_is_an_error_that_says_so_and_the_repeat_changes_nothing(story, call):
    acts = {"open": story.opens, "send": lambda: story.executor.send(story.follow_up())}
    if call == "send":
        story.opens()
    story.bench.loses_replies(call)

    with pytest.raises((Unreachable, Uncertain)):
        acts[call]()
    for _ in range(3):
        try:
            acts[call]()
        except PortError:
            continue
    assert story.bench.heard() == ["Reply with the word OK.", "CI is red"][: 1 if call == "open" else 2]
