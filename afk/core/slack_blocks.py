"""Render a doorbell as a Slack message: text, blocks and the metadata by which it is found again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from afk.core.known_links import known_url
from afk.core.slack_text import escaped, link, moment
from afk.core.slack_words import who
from afk.core.text import cap, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from afk.core.doorbell import Card, Stamp

    Part = dict[str, Any]

OPEN_THREAD = "link:thread"
OPEN_ISSUE = "link:issue"
RERUN = "rerun"
ACKNOWLEDGE = "ack"
ANSWER = "answer:"  # and the number of the option, from 0
EVENT_TYPE = "afk_doorbell"

# Slack's limits, and of the advised length of `text` what is kept for its parts.
TEXT, SECTION, BUTTON, LABEL, VALUE = 4_000, 3_000, 75, 75, 2_000
HEADLINE, WHY, FACTS, NAME, ADDRESS = 900, 1_400, 300, 80, 1_000
MOST_OPTIONS = 20
OPTION = 300


def message(key: str, card: Card, hosts: Collection[str]) -> Part:
    """Everything that posting and updating send. Each time whole: Slack may keep a part that is left out."""
    thread, issue, ci = (known_url(url, hosts) for url in (card.thread_url, card.issue_url, card.ci_url))
    blocks = [
        _section(_mrkdwn(_headline(card, issue))),
        *_why(card),
        *_actions(_answers(card)),
        *_context(card, thread, ci),
        *_actions([*_links(card, thread, issue), *_verbs(card)]),
    ]
    return {"text": _text(card, thread, issue), "blocks": blocks, "metadata": metadata(key)}


def metadata(key: str) -> Part:
    """Every member and app can read it: the key alone."""
    return {"event_type": EVENT_TYPE, "event_payload": {"key": key}}


def answer_value(key: str, option: int) -> str:
    return f"{key}|{option}"


def answered(value: str) -> tuple[str, int] | None:
    """The doorbell's key and the number of the option, out of a button's value."""
    key, _, option = value.rpartition("|")
    return (key, int(option)) if key and option.isascii() and option.isdigit() else None


def _headline(card: Card, issue: str) -> str:
    """It must stand alone: a notification shows no more than the first block."""
    state = escaped(card.state, NAME)
    subject = escaped(card.subject, NAME)
    about = (_inline(issue, card.subject) if subject else "") or subject
    lead = "" if card.subject or card.title else escaped(card.why, HEADLINE)
    parts = (escaped(card.mark, 20), f"*{state}*" if state else "", about, escaped(card.title, HEADLINE), lead)
    return " ".join(part for part in parts if part) or "AFK"


def _why(card: Card) -> Iterator[Part]:
    lines = [plain(card.why, WHY)] if card.subject or card.title else []
    options = [plain(option, OPTION) for option in card.options[:MOST_OPTIONS]]
    if any(len(option) > BUTTON for option in options):
        lines += [f"{number}. {option}" for number, option in enumerate(options, 1)]
    if any(lines):
        yield _section(_plain(cap("\n".join(line for line in lines if line), SECTION)))


def _answers(card: Card) -> Iterator[Part]:
    for number, option in enumerate(card.options[:MOST_OPTIONS]):
        value = answer_value(card.key, number)
        if shown := plain(option, BUTTON):
            yield from _button(shown, f"{ANSWER}{number}", value, f"Answer: {option}")


def _context(card: Card, thread: str, ci: str) -> Iterator[Part]:
    elements = [_plain(facts)] if (facts := plain(card.facts, FACTS)) else []
    if run := _inline(ci, "CI run"):
        elements.append(_mrkdwn(run))
    if card.thread_url and not thread and (shown := plain(card.thread_url, FACTS)):
        elements.append(_plain(f"Thread: {shown}"))
    elements += [_mrkdwn(_stamp(stamp)) for stamp in card.stamps[:5]]
    if sequel := plain(card.sequel, FACTS):
        elements.append(_plain(sequel))
    if elements:
        yield {"type": "context", "elements": elements}


def _stamp(stamp: Stamp) -> str:
    return f"{escaped(stamp.what, NAME)} by {who(stamp.by)}, {moment(stamp.at)}"


def _links(card: Card, thread: str, issue: str) -> Iterator[Part]:
    """A bad address would cost the whole message: it costs its button instead."""
    for url, action_id, shown in ((thread, OPEN_THREAD, "Open thread"), (issue, OPEN_ISSUE, "Open issue")):
        if url:
            label = plain(f"{shown} of {card.subject}" if card.subject else shown, LABEL)
            button = {"type": "button", "text": _plain(shown), "action_id": action_id, "url": url}
            yield button | {"accessibility_label": label}


def _verbs(card: Card) -> Iterator[Part]:
    about = plain(card.subject, NAME) or "this issue"
    if card.rerun:
        for button in _button("Re-run", RERUN, card.rerun, f"Re-run {about}"):
            yield button | {"style": "primary", "confirm": _confirm(about)}
    if card.acknowledge:
        yield from _button("Got it", ACKNOWLEDGE, card.key, f"Got it: {about if card.subject else card.state}")


def _button(shown: str, action_id: str, value: str, label: str) -> Iterator[Part]:
    if 0 < len(value) <= VALUE:
        button = {"type": "button", "text": _plain(shown), "action_id": action_id, "value": value}
        yield button | {"accessibility_label": plain(label, LABEL)}


def _confirm(about: str) -> Part:
    return {
        "title": _plain(f"Re-run {about}?"),
        "text": _plain("AFK starts a new attempt with a fresh conversation, as soon as the gates allow."),
        "confirm": _plain("Re-run"),
        "deny": _plain("Not now"),
    }


def _text(card: Card, thread: str, issue: str) -> str:
    """The whole fact for screen readers and phones. Slack parses it too."""
    headline = escaped(f"{card.mark} {card.headline}", HEADLINE) or "AFK"
    ends = [_address("Thread", thread, card.thread_url), _address("Issue", issue, "")]
    room = TEXT - len(headline) - sum(len(end) + 1 for end in ends if end)
    middle = []
    for line in _middle(card):
        if len(line) < room:
            middle.append(line)
            room -= len(line) + 1
    return "\n".join(line for line in (headline, *middle, *ends) if line)


def _middle(card: Card) -> Iterator[str]:
    """The lines between headline and addresses; one that does not fit is left out."""
    yield escaped(card.why, WHY)
    yield escaped(card.facts, FACTS)
    yield from (_stamp(stamp) for stamp in card.stamps[:5])
    yield escaped(card.sequel, FACTS)
    for number, option in enumerate(card.options[:MOST_OPTIONS], 1):
        yield f"{number}. {escaped(option, OPTION)}"


def _address(what: str, url: str, otherwise: str) -> str:
    """Linked where the address is known, else as words that link nowhere."""
    shown = _inline(url) or escaped(otherwise, ADDRESS)
    return f"{what}: {shown}" if shown else ""


def _inline(url: str, label: str = "") -> str:
    """An ampersand takes five characters in running text."""
    shown = link(url, label, NAME) if url else ""
    return shown if len(shown) <= ADDRESS else ""


def _actions(elements: Iterator[Part] | list[Part]) -> Iterator[Part]:
    if buttons := list(elements):
        yield {"type": "actions", "elements": buttons}


def _section(text: Part) -> Part:
    return {"type": "section", "text": text}


def _mrkdwn(text: str) -> Part:
    """`verbatim`: Slack makes no links and mentions of what merely looks like one."""
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _plain(text: str) -> Part:
    """`emoji` off: what an agent or a stranger wrote between colons stays as it was written."""
    return {"type": "plain_text", "text": text, "emoji": False}
