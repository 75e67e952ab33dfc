"""Ask Woodpecker: which repository is meant, its pipelines page by page, one pipeline, the log of a step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from afk.adapters.http import Http, documented
from afk.ports import Gone, Refused, Unexpected

if TYPE_CHECKING:
    from afk.core.model import Slug
    from afk.systems import Woodpecker

SYSTEM = "Woodpecker"
PER_PAGE = 50  # more counts as absent


@dataclass(frozen=True, slots=True)
class Home:
    """A repository as Woodpecker knows it."""

    id: int
    slug: Slug
    branch: str


class Server:
    def __init__(self, settings: Woodpecker) -> None:
        self._url = settings.url
        self._http = Http(
            SYSTEM,
            f"{settings.url}/api",
            lambda: {"Authorization": f"Bearer {settings.token.get_secret_value()}"},
            patience=settings.patience,
        )
        self._homes: dict[Slug, Home] = {}

    def close(self) -> None:
        self._http.close()

    def home(self, slug: Slug) -> Home:
        """Asked once, and again after a repository that is not there or not active."""
        if slug not in self._homes:
            try:
                row = self._http.call("GET", f"/repos/lookup/{slug}", str(slug))
            except Gone as error:
                raise Refused(f"{error}: not activated, or the token may not pull") from error
            with documented(SYSTEM, str(slug)):
                if not row["active"]:
                    raise Refused(f"{SYSTEM}: {slug} is not active there")
                self._homes[slug] = Home(int(row["id"]), slug, row["default_branch"])
        return self._homes[slug]

    def pipelines(self, home: Home, page: int) -> list[dict[str, Any]]:
        """Newest first. Old versions do not filter: look at event and branch again."""
        asked = {"event": "push", "branch": home.branch, "page": page, "perPage": PER_PAGE}
        return self._list(home, f"/repos/{home.id}/pipelines", str(home.slug), asked)

    def pipeline(self, home: Home, number: int) -> dict[str, Any]:
        path = f"/repos/{home.id}/pipelines/{number}"
        found: dict[str, Any] = self._http.call("GET", path, str(home.slug))
        return found

    def log(self, home: Home, number: int, step: int) -> list[dict[str, Any]]:
        return self._list(home, f"/repos/{home.id}/logs/{number}/{step}", str(home.slug), {})

    def page(self, home: Home, number: int) -> str:
        """For people."""
        return f"{self._url}/repos/{home.id}/pipeline/{number}"

    def _list(self, home: Home, path: str, subject: str, params: dict[str, Any]) -> list[dict[str, Any]]:
        try:
            found = self._http.call("GET", path, subject, params=params)
        except Gone as error:
            self._homes.pop(home.slug, None)  # deactivated and activated again, it has another id
            raise Refused(f"{error}: {home.slug} is not there any more under this number") from error
        if found is None:
            return []
        if not isinstance(found, list):
            raise Unexpected(f"{SYSTEM}: GET {path} ({subject}): not a list")
        return found
