"""What the bot owes people is said once, in order, and not when it is too late."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from afk.adapters.ledger import open_ledger
from afk.core.records import Armed, DeliveryState, Entry, Notice, Place, Via
from afk.ports import Gone, PortError, Refused, Uncertain, Unexpected, Unreachable
from slackbot.announcements import Announcer
from slackbot.notices import deliver
from tests.crashes import Crash

if TYPE_CHECKING:
    from collections.abc import Callable

    from afk.ports import Ledger

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
URL = "https://hooks.example/1"


@dataclass
class Channel:
    """Slack as a desk and as the channel that finds what got there; it does what it is told to with the next post."""

    name: str = "slack"
    updates: bool = True
    said: list[str] = field(default_factory=list)
    before: list[BaseException] = field(default_factory=list)
    after: list[BaseException] = field(default_factory=list)
    is_busy: bool = False

    def takes_turn(self) -> bool:
        return not self.is_busy

    def post(self, notice: Notice) -> None:
        if self.before:
            raise self.before.pop(0)
        self.said.append(notice.key)
        if self.after:
            raise self.after.pop(0)

    def find(self, key: str, since: datetime) -> str | None:  # noqa: ARG002 - it forgets nothing
        return f"C1:{self.said.index(key)}" if key in self.said else None

    def show_home(self, person: str, view: Any) -> None:
        raise NotImplementedError  # pragma: no cover - no notice is a page

    def ring(self, key: str, card: Any) -> str:
        raise NotImplementedError  # pragma: no cover

    def update(self, key: str, reference: str, card: Any) -> None:
        raise NotImplementedError  # pragma: no cover


@pytest.fixture
def ledger() -> Ledger:
    return open_ledger("sqlite://")


def owe(ledger: Ledger, key: str = "a", place: Place = Place.CHANNEL, seconds: int = 0) -> None:
    target = {Place.ANSWER: URL, Place.INSTEAD: URL}.get(place, "C1:1.1")
    ledger.notify(Notice(key, NOON + timedelta(seconds=seconds), place, target, f"words of {key}", "U1"))


def passes(ledger: Ledger, slack: Channel, seconds: float = 1) -> tuple[str, ...]:
    return deliver(ledger, slack, [slack], NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize("place", Place)
def test_notice_is_said_once(ledger: Ledger, place: Place) -> None:
    slack = Channel()
    owe(ledger, place=place)

    assert passes(ledger, slack) == passes(ledger, slack, 2) == ()
    assert slack.said == ["a"]
    assert ledger.notices() == ()


@pytest.mark.parametrize(
    ("place", "said"),
    [
        pytest.param(Place.CHANNEL, ["a"], id="channel-finds-it"),
        pytest.param(Place.THREAD, ["a"], id="thread-is-not-told-twice"),
        pytest.param(Place.ANSWER, ["a"], id="person-is-not-told-twice"),
    ],
)
@pytest.mark.parametrize("lost", [Uncertain("lost"), Unexpected("what"), Crash()], ids=["lost", "unclear", "killed"])
def test_answer_that_is_lost_makes_no_second_notice(
    ledger: Ledger, place: Place, said: list[str], lost: BaseException
) -> None:
    slack = Channel(after=[lost])
    owe(ledger, place=place)
    crashing(lambda: passes(ledger, slack))
    for seconds in (2, 15, 30):
        passes(ledger, slack, seconds)

    assert slack.said == said
    assert ledger.notices() == ()


def crashing(act: Callable[[], object]) -> None:
    try:
        act()
    except Crash:
        return


def test_announcement_that_did_not_leave_is_said_after_a_look(ledger: Ledger) -> None:
    """Killed between the claim and the post: history lags, so the bot looks for ten seconds before it says it again."""
    slack = Channel(before=[Crash()])
    owe(ledger)
    crashing(lambda: passes(ledger, slack))

    passes(ledger, slack, 5)
    assert slack.said == []
    passes(ledger, slack, 12)
    assert slack.said == ["a"]


@pytest.mark.parametrize(
    ("trouble", "waits"),
    [
        pytest.param(Unreachable("down"), 5, id="down"),
        pytest.param(Unreachable("slow", NOON + timedelta(seconds=41)), 40, id="too-fast"),
    ],
)
def test_unreachable_slack_is_tried_again_in_order(ledger: Ledger, trouble: PortError, waits: int) -> None:
    slack = Channel(before=[trouble])
    owe(ledger, "a")
    owe(ledger, "b", seconds=1)
    owe(ledger, "c", Place.ANSWER)

    assert passes(ledger, slack) == (f"a: {trouble}",)
    assert slack.said == ["c"]
    passes(ledger, slack, waits)
    assert slack.said == ["c"]
    passes(ledger, slack, waits + 1)
    assert slack.said == ["c", "a"]
    passes(ledger, slack, waits + 2)
    assert slack.said == ["c", "a", "b"]


@pytest.mark.parametrize("trouble", [Refused("expired_url"), Gone("gone")], ids=["refused", "gone"])
def test_what_is_refused_is_given_up(ledger: Ledger, trouble: PortError) -> None:
    slack = Channel(before=[trouble])
    owe(ledger)

    assert passes(ledger, slack) == (f"a: {trouble}",)
    passes(ledger, slack, 60)
    assert slack.said == []


@pytest.mark.parametrize(
    ("place", "age", "said"),
    [
        pytest.param(Place.ANSWER, timedelta(minutes=30), ["a"], id="answer-in-time"),
        pytest.param(Place.ANSWER, timedelta(minutes=31), [], id="answer-too-late"),
        pytest.param(Place.INSTEAD, timedelta(minutes=31), [], id="replacement-too-late"),
        pytest.param(Place.CHANNEL, timedelta(hours=23), ["a"], id="announcement-in-time"),
        pytest.param(Place.THREAD, timedelta(hours=25), [], id="reply-too-late"),
    ],
)
def test_notice_has_its_time(ledger: Ledger, place: Place, age: timedelta, said: list[str]) -> None:
    slack = Channel()
    owe(ledger, place=place)
    passes(ledger, slack, age.total_seconds())

    assert slack.said == said
    assert ledger.notices() == ()


def test_address_of_an_answer_is_forgotten_once_it_is_said(ledger: Ledger) -> None:
    owe(ledger, place=Place.ANSWER)
    kept: list[Notice] = []
    slack = Channel()
    noticed = ledger.noticed
    ledger.noticed = lambda notice: (kept.append(notice), noticed(notice))[1]  # type: ignore[method-assign]
    passes(ledger, slack)

    assert [(each.state, each.target) for each in kept] == [(DeliveryState.SENDING, URL), (DeliveryState.SENT, "")]


def test_doorbells_have_the_channel_first(ledger: Ledger) -> None:
    """What one person alone reads needs no turn in the channel."""
    slack = Channel(is_busy=True)
    for key, place in (("a", Place.THREAD), ("b", Place.CHANNEL), ("c", Place.PERSON), ("d", Place.ANSWER)):
        owe(ledger, key, place)

    passes(ledger, slack)
    assert slack.said == ["c", "d"]
    slack.is_busy = False
    passes(ledger, slack, 2)
    assert slack.said == ["c", "d", "a"]
    passes(ledger, slack, 3)
    assert slack.said == ["c", "d", "a", "b"]


def test_two_deliverers_say_it_once(ledger: Ledger) -> None:
    slack = Channel()
    owe(ledger)
    with ledger.hold("notices") as held:
        assert held
        assert passes(ledger, slack) == ()
    assert slack.said == []


# Announcements


def changes(ledger: Ledger) -> list[str]:
    return [notice.text for notice in ledger.notices()]


def test_change_is_told_once_by_whoever_looks(ledger: Ledger) -> None:
    ledger.arm("infra", NOON + timedelta(hours=8), Entry(NOON, "U00000001", Via.SLACK, "arm", "infra", "release"))
    ledger.disarm("web", Entry(NOON, "ada", Via.CLI, "disarm", "web"))

    evening = "<!date^1795204800^{date_short_pretty} {time}|2026-11-20 20:00 UTC>"
    assert (Announcer().announce(ledger, NOON), Announcer().announce(ledger, NOON)) == (2, 0)
    assert changes(ledger) == [
        f"<@U00000001> armed infra until {evening}, because release.",
        "ada disarmed web. Nothing new starts there.",
    ]


def test_quiet_second_writes_nothing(ledger: Ledger) -> None:
    announcer = Announcer()
    ledger.kill(on=True, entry=Entry(NOON, "ada", Via.CLI, "kill"))
    announcer.announce(ledger, NOON)
    ledger.notify = None  # type: ignore[assignment,method-assign]

    assert announcer.announce(ledger, NOON + timedelta(seconds=1)) == 0


def test_refusals_looks_and_old_changes_are_not_told(ledger: Ledger) -> None:
    ledger.audit(Entry(NOON, "ada", Via.SLACK, "arm", "infra", "no", refused=True))
    ledger.audit(Entry(NOON, "ada", Via.SLACK, "status"))
    ledger.audit(Entry(NOON - timedelta(days=2), "ada", Via.SLACK, "kill"))

    assert Announcer().announce(ledger, NOON) == 0


def test_expiry_is_told_of_the_arming_it_belongs_to(ledger: Ledger) -> None:
    ledger.arm("infra", NOON + timedelta(hours=8), Entry(NOON, "ada", Via.CLI, "arm", "infra"))
    ledger.arm("infra", None, Entry(NOON + timedelta(seconds=1), "ada", Via.CLI, "arm", "infra"))
    Announcer().announce(ledger, NOON + timedelta(seconds=2))

    assert changes(ledger) == ["ada armed infra.", "ada armed infra."]
    assert ledger.switches().armed == {"infra": Armed("infra", "ada", NOON + timedelta(seconds=1))}
