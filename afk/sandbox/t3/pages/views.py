"""Draw each page: all conversations, and one with what was said in it and how its turns stand."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from afk.sandbox.pages.markup import Html, link, markdown, moment, page, tag

if TYPE_CHECKING:
    from afk.sandbox.t3.model import Message, Request, Thread, World

SITE = "T3 Code"
WHO = {"user": "AFK", "assistant": "agent"}
VERDICTS = {"completed": "success", "failed": "failure"}


def front(world: World) -> str:
    rows = [
        tag("li", _state(thread), " ", link(f"/{world.environment_id}/{thread.id}", thread.title))
        for thread in reversed(world.threads.values())
        if thread.deleted_at is None
    ]
    return page(
        SITE, "Conversations", tag("ul", *rows, cls="board") if rows else tag("p", "No conversation yet.", cls="faint")
    )


def conversation(world: World, environment: str, thread: str) -> str:
    found = world.threads[thread]
    if environment != world.environment_id or found.deleted_at is not None:
        raise LookupError(thread)
    where = world.projects[found.project_id].workspace_root
    return page(
        SITE,
        found.title,
        tag("p", link("/", "conversations"), " · ", tag("code", where), cls="faint"),
        tag("h1", found.title),
        tag("p", _state(found)),
        *(_said(message) for message in found.messages),
        *(_asked(request) for request in found.pending),
    )


# Pieces


def _state(thread: Thread) -> Html:
    if thread.pending:
        word = "asks"
    elif thread.open_turn is not None:
        word = "at work"
    else:
        word = thread.turns[-1].status.value if thread.turns else "new"
    return tag("span", word, cls=f"verdict {VERDICTS.get(word, word)}")


def _said(message: Message) -> Html:
    said = tag("p", tag("strong", WHO.get(message.role, message.role)), " at ", _at(message.created_at), cls="faint")
    return tag("article", said, markdown(message.text))


def _asked(request: Request) -> Html:
    questions = [tag("li", str(question.get("question", ""))) for question in request.questions]
    return tag("article", tag("p", tag("strong", "agent"), " asks", cls="faint"), tag("ul", *questions))


def _at(written: str) -> Html:
    return moment(datetime.fromisoformat(written))
