"""Show a person what is armed, what runs, what waits for people, and the last outcomes, on the app's own page."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from afk.core import slack_words as words
from afk.core.doorbell import card
from afk.core.records import DoorbellKind
from afk.core.slack_text import escaped, moment
from afk.core.text import plain
from slackbot import facts
from slackbot.access import Right, said_by

if TYPE_CHECKING:
    from slack_bolt import App

    from afk.core.doorbell import Card
    from afk.core.run import Run
    from afk.operations import Status
    from slackbot.access import Caller
    from slackbot.bot import Bot

    Part = dict[str, Any]

ARM, DISARM, RESUME, KILL, REFRESH = "home:arm", "home:disarm", "home:resume", "home:kill", "home:refresh"
WAITS = frozenset({DoorbellKind.FROZEN, DoorbellKind.NEEDS_HUMAN, DoorbellKind.QUESTION, DoorbellKind.ALARM})
LOOKS_BACK = timedelta(days=14)
REPOS, RUNS, BELLS, OUTCOMES = 30, 15, 15, 10  # the view holds 100 blocks


@dataclass(frozen=True, slots=True)
class Facts:
    status: Status
    waiting: tuple[Card, ...]
    outcomes: tuple[Run, ...]


def register(app: App, bot: Bot) -> None:
    @app.event("app_home_opened")
    def opened(body: Part, ack: Any) -> None:
        if body["event"].get("tab", "home") == "home":
            bot.shows(said_by(body))
        ack()


def page(bot: Bot, caller: Caller, said: str) -> Part:
    """The whole view for one person. Who may not read sees why, and nothing else."""
    refusal = bot.access.refusal(caller, Right.READ)
    if refusal:
        bot.audits(caller, "home", detail=refusal, refused=True)
        return {"type": "home", "blocks": [_section(refusal)]}
    may_act = not bot.access.refusal(caller, Right.ACT)
    return view(gather(bot), said, may_act=may_act)


def gather(bot: Bot) -> Facts:
    ledger, now = bot.ledger, bot.now()
    bells = [bell for bell, _ in ledger.outbox("slack")] + [b for b, _ in ledger.rung("slack", now - LOOKS_BACK)]
    open_ones = [b for b in bells if b.kind in WAITS and not b.held and not b.acknowledged_by and not b.rerun_by]
    runs = ledger.runs(sorted({bell.run_id for bell in open_ones if bell.run_id}))
    latest = ledger.latest(sorted({run.ref for run in runs.values()}))
    cards = []
    for bell in sorted(open_ones, key=lambda each: each.at):
        run = runs.get(bell.run_id)
        asked = bell.kind is not DoorbellKind.QUESTION or (run is not None and bool(run.question) and not run.outcome)
        if asked and (run is None or latest[run.ref].id == run.id):
            cards.append(card(bell, run))
    ended = [run for run in ledger.history(None, 3 * OUTCOMES) if run.outcome is not None]
    return Facts(bot.operations.status(now), tuple(cards), tuple(ended[:OUTCOMES]))


def view(found: Facts, said: str = "", *, may_act: bool = True) -> Part:
    now = found.status
    blocks = [*([_section(said), _divider()] if said else []), _section(f"*{facts.headline(now)}*")]
    blocks.append(_buttons(now, may_act=may_act))
    blocks += [*_repos(now, may_act=may_act), *_part("Running", [facts.run_line(r, now.at) for r in now.live], RUNS)]
    blocks += _part("Waits for people", [_bell_line(each) for each in found.waiting], BELLS)
    blocks += _part("Last outcomes", [facts.run_line(run, now.at) for run in found.outcomes], OUTCOMES)
    shown = " · ".join([*facts.tick_lines(now), f"as of {moment(now.at)}"])
    blocks.append({"type": "context", "elements": [_mrkdwn(shown)]})
    return {"type": "home", "blocks": blocks}


def _buttons(now: Status, *, may_act: bool) -> Part:
    buttons = [_button("Refresh", REFRESH, "home")]
    if may_act and now.off:
        buttons.append(_button("Resume", RESUME, "all", words.resume_question("")))
    elif may_act:
        buttons.append(_button("Kill switch", KILL, "all", words.kill_question("")) | {"style": "danger"})
    return {"type": "actions", "elements": buttons}


def _repos(now: Status, *, may_act: bool) -> list[Part]:
    armed = {each.repo: each for each in now.armed}
    blocks = []
    for name in now.enrolled[:REPOS]:
        each = armed.get(name)
        block = _section(f"*{escaped(name, words.NAME)}* {facts.armed_words(each)}")
        if may_act and each is not None:
            block["accessory"] = _button("Disarm", DISARM, name)
        elif may_act:
            block["accessory"] = _button("Arm", ARM, name, words.arm_question(name, "", ""))
        blocks.append(block)
    missing = len(now.enrolled) - REPOS
    return [*blocks, *([_section(f"… and {missing} more repositories: /afk status")] if missing > 0 else [])]


def _part(title: str, lines: list[str], most: int) -> list[Part]:
    if not lines:
        return [_divider(), _section(f"*{title}*\nNothing.")]
    rest = [f"… and {len(lines) - most} more"] if len(lines) > most else []
    return [_divider(), _section(words.lines_within([f"*{title}*", *lines[:most], *rest], 2_900))]


def _bell_line(each: Card) -> str:
    about = " · ".join(part for part in (each.subject, each.title) if part)
    return f"• {escaped(each.mark, 10)} {escaped(each.state, 40)}: {escaped(about or each.why, 160)}"


def _button(shown: str, action_id: str, value: str, question: str = "") -> Part:
    about = f"{shown} {value}" if action_id in {ARM, DISARM} else shown
    button = {"type": "button", "text": _plain(shown, 75), "action_id": action_id, "value": value}
    button["accessibility_label"] = plain(about, 75)
    if question:
        button["confirm"] = {
            "title": _plain(f"{about}?", 100),
            "text": _plain(question, 300),
            "confirm": _plain(shown, 30),
            "deny": _plain("Not now", 30),
        }
    return button


def _section(text: str) -> Part:
    return {"type": "section", "text": _mrkdwn(text)}


def _divider() -> Part:
    return {"type": "divider"}


def _mrkdwn(text: str) -> Part:
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str, limit: int) -> Part:
    return {"type": "plain_text", "text": plain(text, limit), "emoji": False}
