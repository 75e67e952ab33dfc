"""Put a forge, T3 and Slack side by side, as a team would have them, and give its people their verbs."""

from __future__ import annotations

import re
from collections import deque
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.sandbox.agents import Agents
from afk.sandbox.github import GithubServer
from afk.sandbox.github.pages import GithubPages
from afk.sandbox.slack import SlackServer
from afk.sandbox.t3 import T3Server
from afk.sandbox.t3.pages import T3Pages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from afk.sandbox.slack import Seen

Message = dict[str, Any]

DATE = re.compile(r"<!date\^[^|>]*\|([^>]*)>")
OWNER = "acme"
REPOS = ("infra", "web", "db")
OPERATOR, STRANGER, BOT = "ada", "mallory", "afk-bot"
READY = "ready-for-agent"
SECONDS = 20.0  # for an answer in Slack, on a busy machine


class NoAnswer(Exception):
    """Nobody took up what a person did."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What the outside shows of one issue."""

    issue: str
    title: str
    tracker: str
    agent: str
    ci: str


class Village:
    """Everything runs on loopback, on free ports. Nothing in it knows AFK but by its environment and its requests."""

    def __init__(self) -> None:
        self._doors = ExitStack()
        self.github = GithubServer()
        self.tracker = GithubPages(self.github)
        self.t3 = T3Server(auto_start=True, sees_disk=True)
        self.cockpit = T3Pages(self.t3)
        self.slack = SlackServer()
        self.agents = Agents(self.github, self.t3)
        self.channel = self.operator = ""

    def open(self) -> None:
        for server in (self.github, self.tracker, self.t3, self.cockpit, self.slack):
            self._doors.enter_context(server)
        for login in (OPERATOR, STRANGER, BOT):
            self.github.create_user(login)
        for name in REPOS:
            people = {OPERATOR: "write", BOT: "write", STRANGER: "triage"}
            self.github.create_repository(f"{OWNER}/{name}", collaborators=people)
            self.github.add_workflow(f"{OWNER}/{name}")
        self.operator = self.slack.add_user(OPERATOR)
        self.channel = self.slack.create_channel("ops")
        self.agents.start()
        self._doors.callback(self.agents.stop)

    def close(self) -> None:
        self._doors.close()

    def environment(self) -> dict[str, str]:
        """What its operator sets, secrets included."""
        team = self.slack.workspace.users[self.operator].team.id
        return {
            "AFK_KILL_SWITCH": "off",
            "AFK_ALLOWLIST": ",".join(f"{OWNER}/{name}" for name in REPOS),
            "AFK_GITHUB_API_URL": self.github.url,
            "AFK_GITHUB_TOKEN": self.github.token_classic(BOT),
            "AFK_T3_URL": self.t3.url,
            "AFK_T3_PUBLIC_URL": self.cockpit.url,
            "AFK_T3_TOKEN": self.t3.issue_token(),
            "AFK_SLACK_API_URL": f"{self.slack.url}/api/",
            "AFK_SLACK_CHANNEL": self.channel,
            "AFK_SLACK_OPERATORS": f"{team}:{self.operator}",
            "SLACK_BOT_TOKEN": self.slack.bot_token(),
            "SLACK_APP_TOKEN": self.slack.app_token(),
        }

    # the tracker

    def opens(
        self,
        repo: str,
        title: str,
        body: str = "",
        by: str = OPERATOR,
        *,
        verdicts: Sequence[bool] = (),
        lingers: bool = False,
    ) -> int:
        """An issue with the ready label. `verdicts`: how CI judges the pushes for it, in order."""
        place = f"{OWNER}/{repo}"
        number = self.github.open_issue(place, title, body, by)
        self.agents.verdicts[place, number] = deque(verdicts)
        if lingers:
            self.agents.lingering.add((place, number))
        self.github.label(place, number, READY, by)
        return number

    def is_open(self, repo: str, number: int) -> bool:
        return self.github.issue(f"{OWNER}/{repo}", number).state == "open"

    def labels(self, repo: str, number: int) -> set[str]:
        return set(self.github.labels_of(f"{OWNER}/{repo}", number))

    def comments(self, repo: str, number: int) -> list[tuple[str, str]]:
        """(who, text) of each."""
        return self.github.comments_of(f"{OWNER}/{repo}", number)

    # Slack

    @property
    def bot_is_there(self) -> bool:
        return bool(self.slack.socket.links)

    def types(self, text: str) -> str:
        """What the operator reads in answer. A question is confirmed."""
        seen = self.slack.human.types(self.operator, text, self.channel)
        if seen.warning:
            raise NoAnswer(f"{text}: {seen.warning}")
        message = seen.messages[0]
        if not any(button["action_id"] == "confirm" for button in buttons(message)):
            return self.spelt(message["text"])
        self._pressed(self.slack.human.clicks(self.operator, message["ts"], "confirm"))
        answer = self._sees(lambda each: each["ts"] == message["ts"] and each["text"] != message["text"])
        return self.spelt(answer["text"])

    def spelt(self, text: str) -> str:
        """As Slack shows it: dates by their words, people by their names."""
        for user in self.slack.workspace.users.values():
            text = re.sub(rf"<@{user.id}>|\b{user.id}\b", f"@{user.name}", text)
        return DATE.sub(r"\1", text)

    def presses(self, part: str, action: str) -> None:
        """A button under the newest message that has this in its text; its dialog is confirmed."""
        message = self._sees(lambda each: part in each["text"] and any(b["action_id"] == action for b in buttons(each)))
        seen = self.slack.human.clicks(self.operator, message["ts"], action)
        self._pressed(self.slack.human.confirms(self.operator) if seen.dialog else seen)

    def bells(self) -> list[Message]:
        """The doorbells in the channel, oldest first."""
        posted = self.slack.human.sees(self.operator, self.channel)
        return [each for each in posted if any(button["action_id"] == "link:issue" for button in buttons(each))]

    def _sees(self, is_it: Callable[[Message], bool]) -> Message:
        try:
            return self.slack.human.waits_to_see(self.operator, self.channel, is_it, SECONDS)
        except TimeoutError as error:
            raise NoAnswer(str(error)) from None

    @staticmethod
    def _pressed(seen: Seen) -> None:
        if seen.warning:
            raise NoAnswer(f"a button did nothing: {seen.warning}")

    # T3

    def threads_of(self, repo: str, number: int) -> list[str]:
        """Oldest first: every attempt has one."""
        refs = f"Refs: {OWNER}/{repo}#{number}\n"
        found = [(each.created_at, each.id) for each in self.t3.threads.values()
                 if each.messages and refs in each.messages[0].text]  # fmt: skip
        return [thread for _, thread in sorted(found)]

    def told(self, thread: str) -> list[str]:
        return [each.text for each in self.t3.messages(thread) if each.role == "user"]

    # all of it

    def plots(self) -> list[Plot]:
        with self.github.lock:
            issues = [
                (name, issue) for name in REPOS
                for issue in self.github.forge.world.repository(f"{OWNER}/{name}").issues.values()
            ]  # fmt: skip
            shown = [
                (name, one.number, one.title, one.state, [label.name for label in one.labels]) for name, one in issues
            ]
        return [
            Plot(f"{name}#{number}", title, ", ".join(labels) or state if state == "open" else state,
                 self._agent(name, number), self._verdict(name, number))
            for name, number, title, state, labels in shown
        ]  # fmt: skip

    def _agent(self, repo: str, number: int) -> str:
        threads = self.threads_of(repo, number)
        if not threads:
            return ""
        at_work = self.t3.threads[threads[-1]].open_turn is not None
        about = f"attempt {len(threads)}" if len(threads) > 1 else ""
        corrected = len(self.told(threads[-1])) - 1
        more = "" if corrected < 1 else "sent back"
        return ", ".join(word for word in ("at work" if at_work else "turn ended", about, more) if word)

    def _verdict(self, repo: str, number: int) -> str:
        place = (f"{OWNER}/{repo}", number)
        pushed = self.agents.pushed.get(place, [])
        if not pushed:
            return ""
        with self.github.lock:
            runs = self.github.forge.world.repository(place[0]).workflow_runs
            run = next(one for one in reversed(runs) if one.suite.head_sha == pushed[-1])
            return run.conclusion or "running"


def buttons(message: Message) -> list[Message]:
    return [each for block in message.get("blocks", []) if block["type"] == "actions" for each in block["elements"]]
