"""Choose between the answers that differ from build to build, or that nobody has confirmed."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

MODELS: Mapping[str, frozenset[str]] = {
    "claudeAgent": frozenset({"claude-sonnet-4-6", "claude-sonnet-5-5", "claude-opus-4-8", "claude-haiku-4-5"}),
    "codex": frozenset({"gpt-5.5-codex"}),
}


class AnswerKey(StrEnum):
    """What the keys of an answers record have to be."""

    ID = "id"
    QUESTION = "question"


@dataclass(slots=True)
class Quirks:
    """Every default is the stricter or the more awkward answer. All may be changed while the server runs."""

    # Builds of protocol 1.
    shell_missing: bool = False  # a build from before `/shell`
    thread_missing: bool = False  # a build from before `/threads/:id`
    missing_is_html: bool = False  # such a route answers with the web app instead of 404
    full_snapshot: bool = False  # `/snapshot` still carries messages, activities and checkpoints
    shell_lists_archived: bool = False
    overwrites_created_at: bool = True  # the time of receipt replaces the client's
    detects_conflicts: bool = True  # False: a reused command id returns the older command's sequence
    interrupt_shows_at_once: bool = True  # False: the turn stays `running` until the provider returns
    http_bootstrap: bool = False  # the late build that ran it over HTTP as well

    # Builds of protocol 2.
    gone_status: int = 404  # POST to the removed dispatch path: 404 without a body, or 426
    answer_key_v2: AnswerKey = AnswerKey.ID
    tickets_work_once: bool = True

    # Providers.
    obeys_interrupts: bool = True  # False: the agent goes on until the story says `agent_stops`
    models: Mapping[str, frozenset[str]] = field(default_factory=lambda: MODELS)
    needs_working_directory: bool = True  # a provider cannot start where there is no directory
