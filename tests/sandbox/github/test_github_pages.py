"""The pages: what people see of issues, commits and CI, and that the API's addresses lead there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from afk.sandbox.github.pages import GithubPages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from afk.sandbox.github import GithubServer
    from tests.sandbox.github.conftest import Hub

WEB = "alice/web"
CHECKLIST = "<!-- afk:checklist -->\n### AFK\n\n- [x] Pushed: `0123`\n- [ ] Done\n\n<sub>run 7</sub>\n"
HOSTILE = "<script>alert(1)</script> [here](javascript:alert) ![x](http://evil.example/x.png) <b onclick=x>"


@pytest.fixture
def pages(server: GithubServer) -> Iterator[httpx.Client]:
    with GithubPages(server) as site, httpx.Client(base_url=site.url) as client:
        yield client


def read(pages: httpx.Client, path: str) -> str:
    answer = pages.get(path)
    assert answer.status_code == 200, (path, answer.status_code)
    return answer.text


def words(text: str) -> str:
    """What stands there once the tags are gone."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text))


def test_issue_tells_its_story_in_order(server: GithubServer, pages: httpx.Client) -> None:
    server.open_issue(WEB, "Raise the limit", "Please **do**.", "rita")
    server.label(WEB, 1, "ready-for-agent", "bob")
    server.comment(WEB, 1, CHECKLIST, "bob")
    sha = server.push(WEB, "Raise it\n\nRefs: alice/web#1", "bob")
    server.close(WEB, 1, "bob")

    text = words(read(pages, f"/{WEB}/issues/1"))

    told = ["Raise the limit", "Closed", "rita wrote", "do", "bob added the label ready-for-agent", "bob commented",
            "☑ Pushed", "☐ Done", f"bob named this in the commit {sha[:12]}", "bob closed this"]  # fmt: skip
    places = [text.find(each) for each in told]
    assert places == sorted(places)
    assert -1 not in places
    assert "afk:checklist" not in text


def test_board_shows_each_repository_with_its_issues(server: GithubServer, pages: httpx.Client) -> None:
    server.open_issue("alice/infra", "Rotate the logs", "", "bob")
    server.open_issue(WEB, "Old", "", "bob")
    server.close(WEB, 1, "bob")

    text = words(read(pages, "/"))

    assert re.search(r"alice/infra\s+Open\s+Rotate the logs\s+#1 by\s+bob", text)
    assert re.search(r"alice/web\s+Closed\s+Old", text)
    assert "Rotate" not in words(read(pages, f"/{WEB}"))


def test_red_run_shows_its_step_and_the_first_error_line(server: GithubServer, pages: httpx.Client) -> None:
    server.add_workflow(WEB)
    sha = server.push(WEB, "Break it", "bob")
    run = server.run_of(WEB, sha)
    server.begin_run(WEB, run)
    server.add_step(WEB, run, "test", "pytest", "failure", ["E   assert 1 == 2"])
    server.finish_run(WEB, run, "failure")

    text = words(read(pages, f"/{WEB}/actions/runs/{run}"))

    assert re.search(r"failure\s+test\s+failure\s+pytest\s+E assert 1 == 2", text)
    assert re.search(r"Checks\s+failure\s+test", words(read(pages, f"/{WEB}/commit/{sha}")))


def test_addresses_in_the_apis_answers_lead_to_pages(hub: Hub, pages: httpx.Client) -> None:
    """And every link of a page leads to another page."""
    server = hub.server
    server.add_workflow(WEB)
    server.open_issue(WEB, "Do it", "", "bob")
    sha = server.push(WEB, "Do it\n\nRefs: #1", "bob")
    owner = hub.person("alice")
    check = owner.get(f"/repos/{WEB}/commits/{sha}/check-runs").json()["check_runs"][0]
    graph = owner.post("/graphql", json={"query": '{repository(owner:"alice",name:"web"){issue(number:1){url}}}'})
    found = [
        owner.get(f"/repos/{WEB}/issues/1").json()["html_url"],
        owner.get(f"/repos/{WEB}/commits/{sha}").json()["html_url"],
        graph.json()["data"]["repository"]["issue"]["url"],
        check["html_url"],
        check["details_url"],
    ]
    links = [link for address in found for link in re.findall(r'href="([^"]+)"', read(pages, address))]

    assert len(set(found)) == 3
    assert all(read(pages, link) for link in set(links))


def test_hostile_words_are_shown_and_do_nothing(server: GithubServer, pages: httpx.Client) -> None:
    server.open_issue(WEB, HOSTILE, HOSTILE, "rita")
    server.comment(WEB, 1, HOSTILE, "rita")
    server.label(WEB, 1, "<i>", "bob")

    for path in ("/", f"/{WEB}/issues/1"):
        answer = pages.get(path)
        assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
        assert "&lt;script&gt;" in answer.text
        assert re.findall(r"<(?:script|img|b|i)\b|href=\"(?!/|http)|\bsrc=", answer.text) == []


@pytest.mark.parametrize(
    "path",
    [
        "/alice/none/issues",
        f"/{WEB}/issues/9",
        f"/{WEB}/issues/one",
        f"/{WEB}/issues/²",
        f"/{WEB}/commit/none",
        f"/{WEB}/actions/runs/9",
        "/a/b/c/d",
    ],
)
def test_what_is_not_there_is_not_found(server: GithubServer, pages: httpx.Client, path: str) -> None:
    answer = pages.get(path)

    assert (answer.status_code, "all there is" in answer.text) == (404, True)
