"""Say who is asking and what GitHub lets them see and do."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from afk.sandbox.github.records import Kind, Role
from afk.sandbox.github.world import covers

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from afk.sandbox.github.records import Account, App, Event, Installation, Issue, Repository
    from afk.sandbox.github.world import World

DOCS = "https://docs.github.com/rest"


class Refusal(Exception):
    """A status and a body instead of what was asked for."""

    def __init__(
        self,
        status: int,
        message: str,
        errors: list[Any] | None = None,
        headers: Mapping[str, str] | None = None,
        fields: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.errors = errors
        self.headers = dict(headers or {})
        self.fields = dict(fields or {})


def not_found() -> Refusal:
    return Refusal(404, "Not Found")


class TokenKind(StrEnum):
    CLASSIC = "classic"
    FINE_GRAINED = "fine-grained"
    INSTALLATION = "installation"


@dataclass(slots=True, eq=False)
class Token:
    """One credential and the account it acts as."""

    value: str = field(repr=False)
    kind: TokenKind
    actor: Account
    scopes: frozenset[str] = frozenset()
    permissions: dict[str, str] = field(default_factory=dict)
    repositories: set[int] | None = None  # None: every one its owner or installation reaches
    resource_owner: Account | None = None
    installation: Installation | None = None
    expires_at: datetime | None = None
    revoked: bool = False

    @property
    def app(self) -> App | None:
        return self.installation.app if self.installation else None

    @property
    def denial(self) -> str:
        whom = "integration" if self.kind is TokenKind.INSTALLATION else "personal access token"
        return f"Resource not accessible by {whom}"


class Access:
    """Every token of this GitHub and the questions that are asked about one."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tokens: dict[str, Token] = {}

    def add(self, token: Token) -> Token:
        self._tokens[token.value] = token
        return token

    def find(self, value: str) -> Token | None:
        return self._tokens.get(value)

    def revoke_installation(self, number: int) -> None:
        for token in self._tokens.values():
            if token.installation and token.installation.id == number:
                token.revoked = True

    def authenticate(self, header: str) -> Token:
        scheme, _, value = header.partition(" ")
        if not header:
            raise Refusal(401, "Requires authentication")
        token = self._tokens.get(value.strip()) if scheme.lower() in {"bearer", "token"} else None
        if token is None or token.revoked or self._expired(token):
            raise Refusal(401, "Bad credentials")
        if token.installation and token.installation.suspended:
            raise Refusal(403, "This installation has been suspended")
        return token

    def _expired(self, token: Token) -> bool:
        return token.expires_at is not None and self._world.now() >= token.expires_at

    def role(self, token: Token, repo: Repository) -> Role:
        """The role of the account behind a user's token; an installation has permissions only."""
        return self._world.role_of(token.actor, repo)

    def sees(self, token: Token, repo: Repository) -> bool:
        if repo.id not in self._world.repositories:
            return False
        if not repo.private:
            return True
        match token.kind:
            case TokenKind.CLASSIC:
                return "repo" in token.scopes and self.role(token, repo) is not Role.NONE
            case TokenKind.FINE_GRAINED | TokenKind.INSTALLATION:
                return self.reaches(token, repo)

    def sees_event(self, token: Token, event: Event) -> bool:
        """A mention from a repository that the viewer cannot see is not there for them."""
        other = event.commit or (event.source if event.word in {"cross-referenced", "connected"} else None)
        return other is None or self.sees(token, other.repo)

    def reaches(self, token: Token, repo: Repository) -> bool:
        if token.repositories is not None and repo.id not in token.repositories:
            return False
        if token.installation is not None:
            return covers(token.installation, repo)
        return repo.owner is token.resource_owner and self.role(token, repo) is not Role.NONE

    def permits(self, token: Token, repo: Repository, resource: str, level: str) -> bool:
        """What the token itself was given; what its owner may do in the repository is asked apart from it."""
        if token.kind is TokenKind.CLASSIC:
            needed = {"repo"} if repo.private else {"repo", "public_repo"}
            return bool(token.scopes & needed) or (level == "read" and not repo.private)
        if resource == "metadata" and level == "read":
            return True
        given = token.permissions.get(resource) if self.reaches(token, repo) else None
        return given in {level, "write", "admin"}

    def require(self, token: Token, repo: Repository, resource: str, level: str) -> None:
        if not self.permits(token, repo, resource, level):
            lacking = {"X-Accepted-GitHub-Permissions": f"{resource}={level}"}
            missing_scope = token.kind is TokenKind.CLASSIC
            raise not_found() if missing_scope else Refusal(403, token.denial, headers=lacking)

    def pushes(self, token: Token, repo: Repository) -> bool:
        """An installation pushes by permission, a person by role; a person's token needs both."""
        if token.kind is TokenKind.INSTALLATION:
            return self.permits(token, repo, "contents", "write")
        return self.role(token, repo).reaches(Role.WRITE)

    def labels(self, token: Token, repo: Repository) -> bool:
        return self._may(token, repo, Role.TRIAGE)

    def creates_labels(self, token: Token, repo: Repository) -> bool:
        return self._may(token, repo, Role.WRITE)

    def edits(self, token: Token, issue: Issue) -> bool:
        return issue.author is token.actor or self._may(token, issue.repo, Role.WRITE)

    def closes(self, token: Token, issue: Issue) -> bool:
        return issue.author is token.actor or self._may(token, issue.repo, Role.TRIAGE)

    def edits_comment(self, token: Token, author: Account | None, repo: Repository) -> bool:
        return author is token.actor or self._may(token, repo, Role.WRITE)

    def comments(self, token: Token, issue: Issue) -> bool:
        return not issue.locked or self._may(token, issue.repo, Role.WRITE)

    def _may(self, token: Token, repo: Repository, role: Role) -> bool:
        if token.kind is TokenKind.INSTALLATION:
            return self.permits(token, repo, "issues", "write")
        return self.role(token, repo).reaches(role)


def association(issue: Issue, account: Account | None) -> str:
    """How an author stands to the repository; it says nothing about who may write."""
    repo = issue.repo
    if account is None:
        return "NONE"
    if account is repo.owner:
        return "OWNER"
    if account.id in repo.owner.members | repo.owner.owners:
        return "MEMBER"
    if account.kind is Kind.USER and account.id in repo.roles:
        return "COLLABORATOR"
    return "CONTRIBUTOR" if any(commit.author is account for commit in repo.commits.values()) else "NONE"
