"""Hold one REST request while it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from afk.sandbox.github import git
from afk.sandbox.github.access import Refusal, not_found

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from afk.sandbox.github.access import Token
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.records import App, Commit, Issue, Repository

REPO = "/repos/{owner}/{repo}"
Body = dict[str, Any] | list[Any] | None


@dataclass(frozen=True, slots=True)
class Answer:
    """`text` is a log or nothing at all; everything else is JSON."""

    body: Body = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    text: str | None = None


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route, the anchor of its documentation and the permission that it takes."""

    method: str
    path: str
    section: str
    handler: Callable[[Call], Answer]
    needs: tuple[str, str] | None = None
    content: bool = False  # counts as content creation
    by_app: bool = False  # takes the App's own JWT

    @property
    def documentation(self) -> str:
        return f"https://docs.github.com/rest/{self.section}"


@dataclass(slots=True)
class Call:
    forge: Forge
    endpoint: Endpoint
    params: Mapping[str, str]
    query: Mapping[str, str]
    path_qs: str
    body: Any
    _token: Token | None
    _app: App | None
    _repo: Repository | None

    @property
    def url(self) -> str:
        return self.forge.url

    @property
    def token(self) -> Token:
        assert self._token is not None, self.endpoint.path
        return self._token

    @property
    def app(self) -> App:
        assert self._app is not None, self.endpoint.path
        return self._app

    @property
    def repo(self) -> Repository:
        assert self._repo is not None, self.endpoint.path
        return self._repo

    def issue(self) -> Issue:
        found = self.repo.issues.get(self.number("number"))
        if found is None:
            raise not_found()
        if found.deleted:
            raise Refusal(410, "This issue was deleted")
        if found.moved_to:
            if not self.forge.access.sees(self.token, found.moved_to.repo):
                raise not_found()
            moved = f"{self.url}/repositories/{found.moved_to.repo.id}/issues/{found.moved_to.number}"
            raise Refusal(301, "Moved Permanently", headers={"Location": moved}, fields={"url": moved})
        return found

    def commit(self) -> Commit:
        ref = self.params["ref"]
        found = git.resolve(self.repo, ref)
        if found is None:
            raise Refusal(422, f"No commit found for SHA: {ref}")
        return found

    def number(self, name: str) -> int:
        value = self.params[name]
        if not value.isdecimal():
            raise not_found()
        return int(value)

    def text(self, name: str) -> str | None:
        """A string of the body; None if it is not there."""
        value = self.fields.get(name)
        if value is not None and not isinstance(value, str):
            raise invalid(f"For 'properties/{name}', {value!r} is not a string.")
        return value

    @property
    def fields(self) -> dict[str, Any]:
        if not isinstance(self.body, dict):
            raise invalid("The body must be a JSON object.")
        return self.body

    def writable(self) -> None:
        if self.repo.archived:
            raise Refusal(403, "Repository was archived so is read-only.")


def invalid(message: str, *errors: Mapping[str, Any]) -> Refusal:
    if errors:
        return Refusal(422, "Validation Failed", errors=[dict(error) for error in errors])
    return Refusal(422, f"Invalid request.\n\n{message}")


def forbidden_role() -> Refusal:
    return Refusal(403, "Must have admin rights to Repository.")
