"""Read issues and people from the forge's rows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from afk.adapters.forgejo.client import SYSTEM, understood
from afk.core.model import Issue
from afk.ports import Gone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.forgejo.client import Client
    from afk.core.model import IssueRef, Slug


@dataclass(frozen=True, slots=True)
class Person:
    login: str
    id: int


def person(row: Mapping[str, Any] | None) -> Person | None:
    """Nobody for an account that is gone: the forge calls all of them Ghost, with the id -1."""
    if row is None or int(row["id"]) <= 0:
        return None
    return Person(row["login"], int(row["id"]))


def moment(text: str) -> datetime:
    found = datetime.fromisoformat(text)
    if found.tzinfo is None:
        raise ValueError(f"{text} has no time zone")
    return found


def label_names(row: Mapping[str, Any]) -> frozenset[str]:
    """The forge tells upper from lower case in them."""
    return frozenset(label["name"] for label in row["labels"] or ())


def is_open(row: Mapping[str, Any]) -> bool:
    match row["state"]:
        case "open":
            return True
        case "closed":
            return False
        case word:
            raise ValueError(f"state {word!r}")


def card(row: Mapping[str, Any], ref: IssueRef) -> Issue:
    with understood(str(ref)):
        return Issue(ref, str(row["id"]), row["title"], row["html_url"], is_open(row), label_names(row))


def issue_row(client: Client, slug: Slug, ref: IssueRef) -> Mapping[str, Any]:
    """Asked now. Pull requests share the numbers and the route of issues."""
    row: Mapping[str, Any] = client.json(slug, "GET", f"/issues/{ref.number}", str(ref))
    with understood(str(ref)):
        if row.get("pull_request") is not None:
            raise Gone(f"{SYSTEM}: {ref} is a pull request")
        return row
