"""Write to an issue: single labels, our comment, its state. Each act is safe to repeat."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.forgejo.client import SYSTEM, rows, understood
from afk.adapters.forgejo.issue_rows import issue_row
from afk.adapters.http import content
from afk.ports import Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.forgejo.client import Client
    from afk.core.model import IssueRef, Slug

NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND})
COLOUR = "#ededed"


class Writing:
    def __init__(self, client: Client) -> None:
        self._client = client

    def add_label(self, slug: Slug, ref: IssueRef, label: str) -> None:
        """A name that the repository does not know is ignored without a word: then it is made known."""
        if self._put_label(slug, ref, label):
            return
        self._client.json(slug, "POST", "/labels", f"{slug}, {label}", body={"name": label, "color": COLOUR})
        if not self._put_label(slug, ref, label):
            raise Refused(f"{SYSTEM}: label {label!r} on {ref} was ignored, although the repository has it")

    def _put_label(self, slug: Slug, ref: IssueRef, label: str) -> bool:
        named = self._client.json(slug, "POST", f"/issues/{ref.number}/labels", str(ref), body={"labels": [label]})
        with understood(f"labels of {ref}"):
            return label in {each["name"] for each in named or ()}

    def remove_label(self, slug: Slug, ref: IssueRef, label: str) -> None:
        """By number: the issue itself knows it, and a repository may have two of one name."""
        row = issue_row(self._client, slug, ref)
        with understood(f"labels of {ref}"):
            numbers = [int(each["id"]) for each in row["labels"] or () if each["name"] == label]
        for number in numbers:
            subject = f"{ref}, {label}"
            said = self._client.json(slug, "DELETE", f"/issues/{ref.number}/labels/{number}", subject)
            if said is not None:  # a proxy spoke: Forgejo answers without a word
                raise Unexpected(f"{SYSTEM}: DELETE label ({subject}): an answer that is not Forgejo's")

    def close(self, slug: Slug, ref: IssueRef) -> None:
        self._set_state(slug, ref, "closed")

    def reopen(self, slug: Slug, ref: IssueRef) -> None:
        self._set_state(slug, ref, "open")

    def _set_state(self, slug: Slug, ref: IssueRef, state: str) -> None:
        row = self._client.json(slug, "PATCH", f"/issues/{ref.number}", str(ref), body={"state": state})
        with understood(str(ref)):
            if row["state"] != state:
                raise Refused(f"{SYSTEM}: {ref} is still {row['state']} after PATCH")

    def put_comment(self, slug: Slug, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        if comment_id and self._edit(slug, ref, comment_id, body):
            return comment_id
        ours = self._find(slug, ref, marker)
        if ours is None:
            made = self._client.json(slug, "POST", f"/issues/{ref.number}/comments", str(ref), body={"body": body})
            with understood(f"comment on {ref}"):
                return str(made["id"])
        with understood(f"comments on {ref}"):
            found, said = str(ours["id"]), ours["body"]
        if said != body and not self._edit(slug, ref, found, body):
            raise Unexpected(f"{SYSTEM}: comment {found} on {ref} went away while it was edited")
        return found

    def _edit(self, slug: Slug, ref: IssueRef, comment_id: str, body: str) -> bool:
        tail = f"/issues/comments/{quote(comment_id, safe='')}"
        response = self._client.below(slug, "PATCH", tail, str(ref), answers=NOT_FOUND, body={"body": body})
        if response.status_code == HTTPStatus.NOT_FOUND:
            return False
        with understood(f"comment {comment_id} on {ref}"):
            if str(content(SYSTEM, response, str(ref))["id"]) != comment_id:
                raise ValueError("another comment")
        return True

    def _find(self, slug: Slug, ref: IssueRef, marker: str) -> Mapping[str, Any] | None:
        """Our oldest comment with this marker, which everybody can write: the account tells. The list has no pages."""
        me = self._client.me()
        found = rows(self._client.below(slug, "GET", f"/issues/{ref.number}/comments", str(ref)), str(ref))
        with understood(f"comments on {ref}"):
            ours = (row for row in found if row["user"]["id"] == me and marker in (row["body"] or ""))
            return next(ours, None)
