"""Run the bot, as it is, before a simulated Slack: over Socket Mode and over signed HTTP."""

from __future__ import annotations

import itertools
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from functools import partial
from threading import Event
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr

from afk import ring
from afk.adapters.slack import Pace, SlackChannel, SlackDesk
from afk.core.records import Via
from afk.operations import Operations, Person
from afk.ports import Unreachable
from afk.rounds import Rounds
from afk.sandbox.slack import SlackServer
from afk.sandbox.slack.answers import Sent
from afk.systems import Slack
from slackbot.access import Access
from slackbot.app import build
from slackbot.bot import Bot
from slackbot.front_door import FrontDoor
from slackbot.line import Line
from slackbot.postman import Postman
from tests.house import INFRA_42, House, a_repo

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime, timedelta

    from afk.core.model import IssueRef

SECRET = "sandbox-signing-secret"
CLI = Person("ops", Via.CLI)


class Time:
    """The machine's clock, which a test may turn on."""

    def __init__(self, server: SlackServer) -> None:
        self._server = server
        self.ahead: Any = None

    def now(self) -> datetime:
        now = self._server.workspace._clock()
        return now + self.ahead if self.ahead else now

    def new_id(self) -> str:
        return "ref-1234"

    def passes(self, span: timedelta) -> None:
        self.ahead = span


class Wobbly:
    """A ledger that fails as often as it is told to, before it has written anything."""

    def __init__(self, ledger: Any) -> None:
        self._ledger = ledger
        self.fails: dict[str, int] = {}

    def __getattr__(self, name: str) -> Any:
        if self.fails.get(name, 0) > 0:
            self.fails[name] -= 1
            raise Unreachable("ledger: it cannot be reached")
        return getattr(self._ledger, name)


@dataclass
class Town:
    """A workspace with two operators, a reader, a stranger, and AFK's channel with the bot in it."""

    slack: SlackServer
    house: House
    transport: str
    stack: ExitStack
    clock: Time
    channel: str = ""
    ada: str = ""
    bob: str = ""
    eve: str = ""
    reader: str = ""
    bot: Any = None
    app: Any = None
    ports: Any = None
    serves: Any = None
    door: Any = None
    rounds_made: int = 0
    line: Any = None
    rings: Event = field(default_factory=Event)
    posts: Event = field(default_factory=Event)

    def __post_init__(self) -> None:
        self.channel = self.slack.create_channel("ops")
        self.ada, self.bob = self.slack.add_user("ada"), self.slack.add_user("bob")
        self.eve, self.reader = self.slack.add_user("eve"), self.slack.add_user("rita")
        self.slack_settings = Slack(
            f"{self.slack.url}/api/", SecretStr(self.slack.bot_token()), self.channel, frozenset()
        )

    def pair(self, user: str) -> tuple[str, str]:
        return self.slack.workspace.users[user].team.id, user

    def opens(self, operators: tuple[str, ...] | None = None) -> Bot:
        people = (self.ada, self.bob) if operators is None else operators
        access = Access(frozenset(map(self.pair, people)), frozenset({self.pair(self.reader)}))
        self.ledger: Any = Wobbly(self.house.ledger)
        self.bot = Bot(Operations(self.ledger, self.house.config), access, self.clock, (self.rings, self.posts))
        self.app = build(self.bot, self.slack_settings.api_url, SECRET)
        return self.bot

    def restarts(self, *operators: str) -> None:
        """The same bot on the same ledger, after the operator changed who may use it."""
        self.opens(operators)
        self.serves(self.app)
        self.postman = replace(self.postman, bot=self.bot)

    def delivers(self) -> Postman:
        hosts = {"t3.example", "example.org", "github.com", "t3.memory", "tracker.example", "ci.example"}
        channel = SlackChannel(self.slack_settings, self.clock, hosts=hosts, pace=unhurried())
        self.ports = replace(self.house.ports, clock=self.clock, channels=(channel,))
        self.postman = Postman(self.bot, SlackDesk(self.slack_settings, self.clock, channel.pace), (channel,))
        for name, work, woken in (
            ("doorbells", lambda now: [str(each) for each in ring.deliver(self.ports, now).troubles], self.rings),
            ("notices", self._round, self.posts),
        ):
            rounds = Rounds(name, work, self.clock, pause=0.02, woken=woken)
            rounds.start()
            self.stack.callback(rounds.stop)
        return self.postman

    # what people do

    def types(self, text: str, user: str = "", **more: Any) -> Any:
        return self.slack.human.types(user or self.ada, f"/afk {text}".strip(), self.channel, **more)

    def confirms(self, text: str, user: str = "") -> str:
        """Types a command, confirms it, and reads what then stands in place of the question."""
        user = user or self.ada
        question = self.types(text, user).messages[0]
        assert self.slack.human.clicks(user, question["ts"], "confirm").warning == ""
        return self.replaced(user, question)

    def replaced(self, user: str, question: dict[str, Any]) -> str:
        return self.until(
            lambda: next(
                (
                    each["text"]
                    for each in self.slack.ephemerals(user)
                    if each["ts"] == question["ts"] and each["text"] != question["text"]
                ),
                None,
            )
        )

    def presses(self, user: str, ts: str, action_id: str, **more: Any) -> Any:
        """A button, and its confirm dialog where it has one."""
        seen = self.slack.human.clicks(user, ts, action_id, **more)
        return self.slack.human.confirms(user) if seen.dialog else seen

    def whispers(self, user: str) -> list[str]:
        return [each["text"] for each in self.slack.ephemerals(user)]

    def waits_for_whisper(self, user: str, part: str) -> str:
        return self.until(lambda: next((text for text in self.whispers(user) if part in text), None))

    def posts_in_channel(self) -> list[str]:
        return [each["text"] for each in self.slack.messages(self.channel)]

    def bell(self, part: str = "infra#42") -> dict[str, Any]:
        """The message of a doorbell, as soon as it is there and the bot knows where."""
        return self.until(
            lambda: next(
                (
                    each
                    for each in self.slack.messages(self.channel)
                    if part in each["text"]
                    and len(each.get("blocks", [])) > 1
                    and self.house.ledger.doorbell_at("slack", f"{self.channel}:{each['ts']}")
                ),
                None,
            )
        )

    def until(self, found: Callable[[], Any], seconds: float = 20.0) -> Any:
        end = time.monotonic() + seconds
        while not (value := found()):
            assert time.monotonic() < end, f"did not come to pass; whispers {self.slack.workspace.ephemerals}"
            time.sleep(0.01)
        return value

    def settles(self) -> None:
        """Slack has delivered, and everything that is owed is said: two whole rounds have begun and ended since."""
        self.until(lambda: all(each.over for each in self.slack.deliveries if each.sent is Sent.EVENT))
        whole = self.rounds_made + 2
        self.posts.set()
        self.until(lambda: self.rounds_made >= whole and not self.house.ledger.notices() and self.bot.pages.empty())

    def _round(self, now: datetime) -> list[str]:
        troubles = list(self.postman.work(now))
        self.rounds_made += 1
        return troubles

    def foreigner(self) -> str:
        return self.slack.add_user("fay", self.slack.add_team("Globex"))

    # what happens in AFK

    def asked(self, *options: str) -> dict[str, Any]:
        """The agent asks, and the doorbell with the question is there."""
        self.house.a_run()
        self.house.world.agent_asks(INFRA_42, "Which region?", *options)
        self.house.watch()
        self.rings.set()
        return self.bell("Which region?")

    def frozen(self, ref: IssueRef = INFRA_42) -> None:
        self.house.limit(fix_forward_max_attempts=0)
        self.house.a_run(ref)
        self.house.world.ci_goes_red(ref.repo, self.house.pushed_and_ended(ref))
        self.house.watch()
        self.rings.set()


@pytest.fixture
def opens() -> Iterator[Callable[..., Town]]:
    """Start a town with settings of the test's own."""
    with ExitStack() as stack:
        yield partial(open_town, stack)


def open_town(stack: ExitStack, transport: str, *, operators: bool = True, **settings: Any) -> Town:
    about: dict[str, Any] = {
        "pacing": None,
        "retry_factor": 0.0005,
        "ack_seconds": 10.0 if transport == "http" else 3.0,
        **settings,
    }
    door = FrontDoor(("127.0.0.1", 0), None, SECRET) if transport == "http" else None
    if door is not None:
        about |= {"request_url": f"http://127.0.0.1:{door.port}/slack/events", "signing_secret": SECRET}
    slack = stack.enter_context(SlackServer(**about))
    town = Town(slack, House.ready(a_repo("infra"), a_repo("web")), transport, stack, Time(slack))
    town.opens(None if operators else ())
    if door is not None:
        door.app = town.app
        door.start()
        stack.callback(door.drain)
        town.door = door
        town.serves = lambda app: setattr(door, "app", app)
    else:
        _on_the_line(town, stack)
    return town


def unhurried() -> Pace:
    """Every look at its clock is ten seconds later, so that nobody waits for a turn."""
    return Pace(itertools.count(0.0, 10.0).__next__)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _on_the_line(town: Town, stack: ExitStack) -> None:
    line = Line(town.app, town.slack.app_token())
    line.connect()
    town.until(lambda: town.slack.socket.links)
    town.line = line

    def hang_up() -> None:
        """The SDK waits for what it reads and for what is queued before it lets go: both come from this side."""
        line._client.auto_reconnect_enabled = False
        town.slack.closes_links()
        town.until(lambda: not line._client.is_connected())
        line._client.closed = True
        line._client.message_queue.put(None)
        line.drain()

    stack.callback(hang_up)
    town.serves = lambda app: setattr(line._handler, "app", app)


@pytest.fixture(params=["socket", "http"])
def town(request: pytest.FixtureRequest, opens: Callable[..., Town]) -> Town:
    """The same town over each transport, with everything delivered."""
    town = opens(request.param)
    town.delivers()
    return town
