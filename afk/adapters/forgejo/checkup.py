"""Look whether Forgejo takes our token, and what it lets us do in the enrolled repositories. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from afk.adapters.forgejo.checks import ForgejoChecks
from afk.adapters.forgejo.client import SYSTEM, Client, rows, understood
from afk.adapters.http import content, refusal, together
from afk.core import checkup
from afk.core.checkup import Level, broken, doubtful, fine
from afk.core.enrolment import unlabelled
from afk.core.model import CommitAsk, StageKind, StageState
from afk.core.text import plain
from afk.ports import Gone, PortError, Unreachable

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from afk.core.checkup import Finding
    from afk.core.model import Labels, Repo
    from afk.ports import Clock
    from afk.systems import Forgejo

ADDRESS = "See that AFK_FORGEJO_URL is the address that people open, and that this machine reaches it"
TOKEN = "Set AFK_FORGEJO_TOKEN to a valid token"  # noqa: S105 - the words of a hint
SCOPES = "Give the token the scopes write:issue, read:repository and read:user"
REACH = "Correct its slug, or let the bot's account and its token's scopes reach it"
REFUSALS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN})
UNSEEN = frozenset({HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND})


@dataclass(frozen=True, slots=True)
class Sight:
    """One repository; `row` is the forge's own of it, empty where it is out of reach."""

    findings: list[Finding]
    row: Mapping[str, Any] = field(default_factory=dict)
    has_ci: bool = False


def look(settings: Forgejo, repos: Mapping[str, Repo], labels: Labels, clock: Clock) -> Iterator[Finding]:
    client = Client(settings, clock)
    try:
        if (yield from account(client)):
            calls = [partial(inspected, client, repo, labels) for repo in repos.values()]
            for repo, found in zip(repos.values(), together(calls), strict=True):
                if isinstance(found, PortError):
                    yield broken(SYSTEM, str(repo.slug), str(found), REACH)
                else:
                    yield from found.findings
    except Unreachable as error:
        yield broken(SYSTEM, "API", str(error), ADDRESS)
    except PortError as error:
        yield broken(SYSTEM, "API", str(error), f"{ADDRESS}. If both are so, report it")
    finally:
        client.close()


def account(client: Client) -> Generator[Finding, None, bool]:
    """Whether it is worth while to go on."""
    asked = client.clock.now()
    response = client.send("GET", "/user", "who we are", answers=REFUSALS)
    yield from checkup.clock(SYSTEM, response.headers, asked, client.clock.now())
    match response.status_code:
        case HTTPStatus.UNAUTHORIZED:
            said = refusal(SYSTEM, response)
            yield broken(SYSTEM, "token", f"refused as wrong, expired or revoked ({said})", TOKEN)
            return False
        case HTTPStatus.FORBIDDEN:
            yield broken(SYSTEM, "token", f"it may not say whose it is ({refusal(SYSTEM, response)})", SCOPES)
            return False
        case _:
            with understood("who we are"):
                who = plain(str(content(SYSTEM, response)["login"]), 100)
            yield fine(SYSTEM, "token", f"signed in as {who}; whether it has write:issue cannot be seen by reading")
            return True


def inspected(client: Client, repo: Repo, labels: Labels) -> Sight:
    subject = str(repo.slug)
    try:
        row = content(SYSTEM, client.send("GET", f"/repos/{repo.slug}", subject), subject)
    except Gone as error:
        return Sight([broken(SYSTEM, subject, f"not there, or out of reach ({error})", REACH)])
    with understood(subject):
        found = [*_state(subject, row), *_labels(client, repo, labels)]
        if row.get("empty"):
            found.append(doubtful(SYSTEM, subject, "it is empty: there is no commit", "Push a first commit"))
            return Sight(found, row)
        found.append(fine(SYSTEM, subject, f"there; its default branch is {plain(row['default_branch'], 100)}"))
        ci = _ci(client, repo, row["default_branch"]) if StageKind.CHECKS in repo.stages else None
        return Sight([*found, *([ci] if ci else ())], row, ci is not None and ci.level is Level.OK)


def _state(subject: str, row: Mapping[str, Any]) -> Iterator[Finding]:
    if row["full_name"].lower() != subject.lower():
        what = f"renamed: it is {plain(row['full_name'], 200)} now, and Forgejo's lists leave the old name out"
        yield broken(SYSTEM, subject, what, "Write its new name as slug in the rules")
    if row["archived"]:
        todo = "Unarchive it, or take it out of the rules"
        yield broken(SYSTEM, subject, "archived: nothing in it can change", todo)
    if not row["has_issues"]:
        yield broken(SYSTEM, subject, "its issues are switched off", "Switch them on in its settings")
    if not row["permissions"]["admin"]:
        todo = "Make the account an administrator of it, for without that every issue counts as untrusted"
        yield broken(SYSTEM, subject, "the bot is no administrator of it: nobody's permission can be asked", todo)


def _labels(client: Client, repo: Repo, labels: Labels) -> Iterator[Finding]:
    """The owner's labels count too, if it is an organisation whose labels may be read."""
    subject = str(repo.slug)
    wanted = {labels.ready, labels.in_progress, labels.human}
    wanted -= {row["name"] for page in client.pages(f"/repos/{repo.slug}/labels", subject) for row in page}
    if wanted:
        path = f"/orgs/{quote(repo.slug.owner, safe='')}/labels"
        response = client.send("GET", path, subject, answers=UNSEEN, params={"limit": 50})
        wanted -= {row["name"] for row in rows(response, subject)} if response.is_success else set()
    if wanted:
        yield unlabelled(SYSTEM, repo, sorted(wanted))


def _ci(client: Client, repo: Repo, branch: str) -> Finding:
    subject = str(repo.slug)
    head = client.json(repo.slug, "GET", f"/branches/{quote(branch)}", subject)["commit"]["id"]
    where = f"{head[:12]}, the head of {plain(branch, 100)}"
    seen = ForgejoChecks(client).read([CommitAsk(repo, (head,))])[repo.name]
    if isinstance(seen, PortError):
        return broken(SYSTEM, subject, f"its CI cannot be read ({seen})", SCOPES)
    if seen[head].state is StageState.ABSENT:
        todo = 'If pushes to it start no CI at all, set stages = ["none"], or runs wait in vain for a verdict'
        return doubtful(SYSTEM, subject, f"no CI ran on {where}", todo)
    return fine(SYSTEM, subject, f"CI seen on {where} ({seen[head].state.value})")
