"""The pages: what people see of conversations, at the address to which a doorbell leads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest

from afk.sandbox.t3.pages import T3Pages

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.sandbox.t3.client import Client

HOSTILE = "<script>alert(1)</script> [here](javascript:alert) ![x](http://evil.example/x.png) <b onclick=x>"


@pytest.fixture
def pages(t3: Client) -> Iterator[httpx.Client]:
    with T3Pages(t3.server) as site, httpx.Client(base_url=site.url) as client:
        yield client


def words(answer: httpx.Response) -> str:
    """What stands there once the tags are gone."""
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text))


def test_conversation_is_told_in_order_and_with_its_state(t3: Client, pages: httpx.Client) -> None:
    here = f"/{t3.server.environment_id}/t-1"
    assert "new" in words(pages.get(here))

    t3.server.person_says("t-1", "Fix the flaky test")
    t3.server.agent_starts("t-1")
    t3.server.agent_says("t-1", "AFK-Phase: green make test")
    text = words(pages.get(here))
    told = ["#42 Fix flaky test", "at work", "Fix the flaky test", "agent", "AFK-Phase: green make test"]
    places = [text.find(each) for each in told]
    assert places == sorted(places)
    assert -1 not in places

    t3.server.agent_asks("t-1", {"Which region?": ["eu", "us"]})
    assert re.search(r"asks .*Which region\?", words(pages.get(here)))


def test_front_page_leads_to_every_conversation(t3: Client, pages: httpx.Client) -> None:
    (address,) = re.findall(r'href="(/[^"]+/t-1)"', pages.get("/").text)

    assert "#42 Fix flaky test" in words(pages.get(address))


def test_what_an_agent_says_is_shown_and_does_nothing(t3: Client, pages: httpx.Client) -> None:
    t3.server.person_says("t-1", HOSTILE)
    answer = pages.get(f"/{t3.server.environment_id}/t-1")

    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "&lt;script&gt;" in answer.text
    assert re.findall(r"<(?:script|img|b)\b|href=\"(?!/|http)|\bsrc=", answer.text) == []


@pytest.mark.parametrize("path", ["/elsewhere/t-1", "/{here}/t-9", "/{here}", "/pair"])
def test_what_is_not_there_is_not_found(t3: Client, pages: httpx.Client, path: str) -> None:
    answer = pages.get(path.format(here=t3.server.environment_id))

    assert (answer.status_code, "all there is" in answer.text) == (404, True)
