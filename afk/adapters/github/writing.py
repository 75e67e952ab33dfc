"""Write to an issue: single labels, our comment, its state. Each act is safe to repeat."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.github.answer import understood
from afk.adapters.github.app_login import SYSTEM, AppLogin
from afk.adapters.http import content
from afk.ports import Refused, Unexpected

if TYPE_CHECKING:
    from collections.abc import Mapping

    from afk.adapters.github.client import Client
    from afk.core.model import IssueRef, Slug

NOT_FOUND = frozenset({HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Identity:
    """Who our comments are by: an account, and the App it belongs to."""

    user_id: int
    app_id: int | None = None

    def wrote(self, comment: Mapping[str, Any]) -> bool:
        """The marker alone proves nothing: everybody can write it."""
        user, app = comment["user"], comment["performed_via_github_app"]
        if user is None or user["id"] != self.user_id:
            return False
        return self.app_id is None or (app is not None and app["id"] == self.app_id)


class Writing:
    def __init__(self, client: Client) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._selves: dict[str, Identity] = {}

    def add_label(self, slug: Slug, ref: IssueRef, label: str) -> None:
        """GitHub creates a label that the repository lacks, and drops one silently if we may not label."""
        names = self._client.json(slug, "POST", f"/issues/{ref.number}/labels", str(ref), body={"labels": [label]})
        with understood(str(ref)):
            if label.lower() not in {each["name"].lower() for each in names}:
                raise Refused(f"GitHub: label {label!r} on {ref} was dropped: the token may not label there")

    def remove_label(self, slug: Slug, ref: IssueRef, label: str) -> None:
        tail = f"/issues/{ref.number}/labels/{quote(label, safe='')}"
        response = self._client.rest(slug, "DELETE", tail, str(ref), answers=NOT_FOUND)
        with understood(str(ref)):
            if response.status_code == HTTPStatus.NOT_FOUND:  # also what a missing issue or permission looks like
                left = self._readable(slug, ref)["labels"]
            else:
                left = content(SYSTEM, response, str(ref))
            if label.lower() in {each["name"].lower() for each in left}:
                raise Refused(f"GitHub: label {label!r} stays on {ref}: the token may not label there")

    def close(self, slug: Slug, ref: IssueRef) -> None:
        self._set_state(slug, ref, {"state": "closed", "state_reason": "completed"})

    def reopen(self, slug: Slug, ref: IssueRef) -> None:
        self._set_state(slug, ref, {"state": "open"})

    def _set_state(self, slug: Slug, ref: IssueRef, wanted: Mapping[str, str]) -> None:
        issue = self._client.json(slug, "PATCH", f"/issues/{ref.number}", str(ref), body=wanted)
        with understood(str(ref)):
            if issue["state"] != wanted["state"]:
                raise Refused(f"GitHub: {ref} is still {issue['state']} after PATCH")

    def put_comment(self, slug: Slug, ref: IssueRef, marker: str, body: str, comment_id: str) -> str:
        if comment_id and self._edit(slug, ref, comment_id, body):
            return comment_id
        if comment_id:
            self._readable(slug, ref)  # a comment that we may not see any more was not deleted
        ours = self._find(slug, ref, marker)
        if ours is None:
            made = self._client.json(slug, "POST", f"/issues/{ref.number}/comments", str(ref), body={"body": body})
            with understood(str(ref)):
                return str(made["id"])
        with understood(str(ref)):
            found, said = str(ours["id"]), ours["body"]
        if said != body and not self._edit(slug, ref, found, body):
            raise Unexpected(f"GitHub: comment {found} on {ref} went away while it was edited")
        return found

    def _edit(self, slug: Slug, ref: IssueRef, comment_id: str, body: str) -> bool:
        tail = f"/issues/comments/{quote(comment_id, safe='')}"
        response = self._client.rest(slug, "PATCH", tail, str(ref), answers=NOT_FOUND, body={"body": body})
        if response.status_code == HTTPStatus.NOT_FOUND:
            return False
        with understood(str(ref)):
            if str(content("GitHub", response, str(ref))["id"]) != comment_id:
                raise ValueError(f"comment {comment_id} was not edited")
        return True

    def _find(self, slug: Slug, ref: IssueRef, marker: str) -> Mapping[str, Any] | None:
        """Our oldest comment with this marker. A full look through all pages, before one is made twice."""
        me = self._self(slug)
        ours: Mapping[str, Any] | None = None
        for comments in self._client.pages(slug, f"/issues/{ref.number}/comments", str(ref)):
            with understood(str(ref)):
                ours = ours or next(
                    (each for each in comments if marker in (each["body"] or "") and me.wrote(each)), None
                )
            if ours is not None:
                return ours
        return None

    def _readable(self, slug: Slug, ref: IssueRef) -> Mapping[str, Any]:
        response = self._client.rest(slug, "GET", f"/issues/{ref.number}", str(ref))
        found: Mapping[str, Any] = content("GitHub", response, str(ref))
        return found

    def _self(self, slug: Slug) -> Identity:
        scope = self._client.scope(slug)
        with self._lock:
            if scope not in self._selves:
                self._selves[scope] = self._ask_self(scope)
            return self._selves[scope]

    def _ask_self(self, scope: str) -> Identity:
        """An App acts as its bot, which only its slug leads to."""
        with understood("who we are"):
            if not isinstance(self._client.login, AppLogin):
                return Identity(int(self._client.plainly(scope, "/user")["id"]))
            app = self._client.plainly(scope, "/app", by_app=True)
            bot = self._client.plainly(scope, f"/users/{quote(app['slug'] + '[bot]', safe='')}")
            return Identity(int(bot["id"]), int(app["id"]))
