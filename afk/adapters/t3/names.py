"""Name commands and projects so that T3 recognises a repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid5

from afk.core.identifiers import NAMESPACE

if TYPE_CHECKING:
    from afk.core.model import Slug


def command_id(subject: str, step: str, tries: int = 0) -> str:
    """The same step of the same order has one name. A refused one stays refused for ever, hence `tries`."""
    return _named("t3-command", subject, step, str(tries))


def project_id(slug: Slug, root: str, number: int) -> str:
    """T3 never gives the id of a deleted project out again: the next number takes its place."""
    return _named("t3-project", str(slug), root, str(number))


def workspace_root(base: str, slug: Slug) -> str:
    return f"{base.rstrip('/')}/{slug.owner}__{slug.name}"


def _named(*parts: str) -> str:
    return str(uuid5(NAMESPACE, "".join(f"{len(part)}:{part}" for part in parts)))
