"""Let a request in: whose token it carries, what the token's scopes allow, and what it is about."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from afk.sandbox.forgejo.answers import RefusedError, not_found, refusal, refuse
from afk.sandbox.forgejo.records import Access, Flavour, Issue, Repository, User

if TYPE_CHECKING:
    from aiohttp import web

    from afk.sandbox.forgejo.world import World

CHANGES = ("POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Call:
    world: World
    request: web.Request
    user: User
    body: Any

    def segment(self, name: str) -> str:
        return self.request.match_info[name]

    def query(self, name: str) -> str:
        return self.request.query.get(name, "")

    def whole_number(self, name: str) -> int:
        """What is no number counts as absent."""
        text = self.query(name)
        return int(text) if re.fullmatch(r"-?\d{1,18}", text) else 0

    def moment(self, name: str) -> datetime | None:
        text = self.query(name)
        if not text:
            return None
        try:
            return datetime.fromisoformat(text)
        except ValueError:
            refuse(self, HTTPStatus.UNPROCESSABLE_ENTITY, f'parsing time "{text}" as RFC3339')

    def repository(self, needed: Access = Access.READ) -> Repository:
        """A repository the caller cannot read does not exist for it."""
        repo = self.world.find_repository(self.segment("owner"), self.segment("repo"))
        if repo is None or not self.world.access(repo, self.user).allows(Access.READ):
            not_found(self)
        if not self.world.access(repo, self.user).allows(needed):
            refuse(self, HTTPStatus.FORBIDDEN, _NEEDS[needed])
        return repo

    def access(self, repo: Repository) -> Access:
        return self.world.access(repo, self.user)

    def issue(self, repo: Repository) -> Issue:
        found = self.find_issue(repo)
        if found is None:
            not_found(self)
        return found

    def find_issue(self, repo: Repository) -> Issue | None:
        text = self.segment("index")
        return repo.issues.get(int(text)) if text.isdecimal() else None


def admit(world: World, request: web.Request, scopes: tuple[str, ...], content: bytes) -> Call:
    """Check the token first, then its scopes; only then does the path matter."""
    kind, _, secret = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() not in {"token", "bearer"}:
        raise RefusedError(refusal(world.url, HTTPStatus.UNAUTHORIZED, "token is required"))
    token = world.tokens.get(secret.strip())
    if token is None or token.user_id not in world.users:
        raise RefusedError(refusal(world.url, HTTPStatus.UNAUTHORIZED, "user does not exist [uid: 0, name: ]"))
    level = "write" if request.method in CHANGES else "read"
    missing = [f"{level}:{scope}" for scope in scopes if not _covers(token.scopes, level, scope)]
    if missing:
        raise RefusedError(refusal(world.url, HTTPStatus.FORBIDDEN, _scope_message(world, missing, token.scopes)))
    return Call(world, request, world.users[token.user_id], _body(world, request, content))


def _covers(held: frozenset[str], level: str, scope: str) -> bool:
    accepted = {"all", f"write:{scope}", f"{level}:{scope}"}
    return bool(held & accepted)


def _scope_message(world: World, missing: list[str], held: frozenset[str]) -> str:
    needed = f"[{' '.join(missing)}]"
    match world.flavour:
        case Flavour.FORGEJO:
            return f"token does not have at least one of required scope(s): {needed}"
        case Flavour.GITEA:
            scopes = ",".join(sorted(held))
            return f"token does not have at least one of required scope(s), required={needed}, token scope={scopes}"


def _body(world: World, request: web.Request, content: bytes) -> Any:
    if request.method not in CHANGES or not content:
        return {}
    try:
        body = json.loads(content)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise RefusedError(refusal(world.url, HTTPStatus.UNPROCESSABLE_ENTITY, "[]: Deserialization: invalid JSON"))
    return body


_NEEDS = {
    Access.WRITE: "user should have a permission to write to a repo",
    Access.ADMIN: "user should be an owner or a collaborator with admin write of a repository",
}
