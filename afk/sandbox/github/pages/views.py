"""Draw each page: the repositories, their issues, an issue with its timeline, a commit, a CI run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from afk.sandbox.github.checks import current_jobs, latest_runs, suites_of
from afk.sandbox.pages.markup import Html, link, markdown, moment, page, tag

if TYPE_CHECKING:
    from afk.sandbox.github.ci_records import Job, WorkflowRun
    from afk.sandbox.github.forge import Forge
    from afk.sandbox.github.records import Account, Comment, Commit, Event, Issue, Label, Repository

SITE = "GitHub"
SHORT = 12
WORDS = {
    "labeled": "added the label",
    "unlabeled": "took off the label",
    "closed": "closed this",
    "reopened": "opened this again",
    "referenced": "named this in the commit",
    "renamed": "changed the title",
    "blocked_by_added": "marked this as blocked by",
    "blocked_by_removed": "says that this is not blocked any more by",
}


def front(forge: Forge) -> str:
    return page(SITE, "Issues", *(_board(repo) for repo in forge.world.repositories.values()))


def issues(forge: Forge, owner: str, repo: str) -> str:
    found = _repository(forge, owner, repo)
    return page(SITE, f"Issues · {found.full_name}", _board(found))


def issue(forge: Forge, owner: str, repo: str, number: str) -> str:
    one = _repository(forge, owner, repo).issues[_number(number)]
    where = one.repo.full_name
    name = Html(f"{tag('span', one.title)} {tag('span', f'#{one.number}', cls='faint')}")
    opened = tag("span", _login(one.author), " opened this at ", moment(one.created_at), cls="faint")
    return page(
        SITE,
        f"{one.title} · {where}#{one.number}",
        tag("p", link(f"/{where}/issues", where), cls="faint"),
        tag("h1", name),
        tag("p", _state(one.state), " ", *_labels(one.labels), opened),
        _said(one.author, one.body or "_No description._", tag("span", "wrote")),
        *(_event(event) for event in one.events),
    )


def commit(forge: Forge, owner: str, repo: str, sha: str) -> str:
    one = _repository(forge, owner, repo).commits[sha]
    checks = [
        tag("li", _verdict(check.status, check.conclusion), " ", link(_path(forge, check.details_url), check.name))
        for suite in suites_of(one.repo, sha)
        for check in latest_runs(suite)
    ]
    return page(
        SITE,
        f"{_subject(one)} · {one.repo.full_name}",
        tag("p", link(f"/{one.repo.full_name}/issues", one.repo.full_name), cls="faint"),
        tag("h1", _subject(one)),
        tag("p", _login(one.author), " at ", moment(one.committed_at), " · ", tag("code", one.sha), cls="faint"),
        tag("pre", one.message),
        tag("h2", "Checks"),
        tag("ul", *checks) if checks else tag("p", "None.", cls="faint"),
    )


def run(forge: Forge, owner: str, repo: str, run: str, job: str = "") -> str:
    """Every job of the run; the one that was asked for stands alone."""
    found = _repository(forge, owner, repo)
    one = next(iter(each for each in found.workflow_runs if each.id == _number(run)), None)
    if one is None:
        raise LookupError(run)
    jobs = [each for each in current_jobs(one) if not job or each.check.id == _number(job)]
    head = found.commits[one.suite.head_sha]
    return page(
        SITE,
        f"{one.workflow.name} · {found.full_name}",
        tag("p", link(f"/{found.full_name}/issues", found.full_name), cls="faint"),
        tag("h1", one.workflow.name, " ", tag("span", f"#{one.number}", cls="faint")),
        tag("p", _verdict(one.status, one.conclusion), " ", _commit_link(head), " ", _subject(head), *_again(one)),
        *(_job(each) for each in jobs),
    )


# Pieces


def _repository(forge: Forge, owner: str, repo: str) -> Repository:
    return forge.world.repository(f"{owner}/{repo}")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise LookupError(text)
    return int(text)


def _board(repo: Repository) -> Html:
    rows = [_row(each) for each in reversed(repo.issues.values()) if not each.deleted and not each.pull]
    heading = tag("h2", link(f"/{repo.full_name}/issues", repo.full_name))
    return tag("section", heading, tag("ul", *rows, cls="board") if rows else tag("p", "No issue yet.", cls="faint"))


def _row(one: Issue) -> Html:
    title = link(f"/{one.repo.full_name}/issues/{one.number}", one.title)
    about = tag("span", f"#{one.number} by ", _login(one.author), cls="faint")
    count = len(one.comments)
    comments = tag("span", f"{count} comment{'s' if count > 1 else ''}", cls="faint") if count else ""
    return tag("li", _state(one.state), " ", title, " ", about, " ", *_labels(one.labels), comments)


def _state(state: str) -> Html:
    return tag("span", state.capitalize(), cls=f"state {state}")


def _labels(labels: list[Label]) -> list[Html]:
    return [Html(f"{tag('span', label.name, cls='label')} ") for label in labels]


def _login(account: Account | None) -> Html:
    return tag("strong", account.login if account else "ghost")


def _said(author: Account | None, text: str, how: Html) -> Html:
    return tag("article", tag("p", _login(author), " ", how, cls="faint"), markdown(text))


def _event(event: Event) -> Html:
    if event.word == "commented" and event.comment is not None:
        return _said(event.comment.author, event.comment.body, _written(event.comment))
    words = WORDS.get(event.word, event.word.replace("_", " "))
    parts = [_login(event.actor), " ", words, *_about(event), " ", moment(event.created_at)]
    return tag("p", *parts, cls="event")


def _written(comment: Comment) -> Html:
    edited = f", edited {len(comment.edits)} times" if comment.edits else ""
    return tag("span", "commented at ", moment(comment.created_at), edited)


def _about(event: Event) -> list[object]:
    if event.label_name:
        return [" ", tag("span", event.label_name, cls="label")]
    if event.commit is not None:
        return [" ", _commit_link(event.commit)]
    if event.source is not None:
        where = f"{event.source.repo.full_name}/issues/{event.source.number}"
        return [" ", link(f"/{where}", event.source.title)]
    return [f" to “{event.renamed_to}”"] if event.renamed_to else []


def _commit_link(one: Commit) -> Html:
    return link(f"/{one.repo.full_name}/commit/{one.sha}", tag("code", one.sha[:SHORT]))


def _subject(one: Commit) -> str:
    return one.message.partition("\n")[0]


def _verdict(status: str, conclusion: str | None) -> Html:
    word = conclusion or status
    return tag("span", word.replace("_", " "), cls=f"verdict {word}")


def _path(forge: Forge, address: str) -> str:
    return address.removeprefix(forge.world.site)


def _again(one: WorkflowRun) -> list[object]:
    return [f" · attempt {one.attempt}"] if one.attempt > 1 else []


def _job(one: Job) -> Html:
    steps = [tag("li", _verdict(step.status, step.conclusion), " ", step.name) for step in one.steps]
    heading = tag("h2", _verdict(one.check.status, one.check.conclusion), " ", one.check.name)
    return tag("section", heading, tag("ul", *steps), tag("pre", "\n".join(one.log)) if one.log else "")
