"""The simulated channel in a real browser, with the real bot behind it: what a newcomer types, presses and reads."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from afk.core.records import Verb
from tests.browser import a_page, needs_browser

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Locator, Page

    from tests.slackbot.conftest import Town

pytestmark = needs_browser


def types(page: Page, text: str) -> None:
    page.get_by_label("Message", exact=True).fill(text)
    page.get_by_role("button", name="Send").click()


def bell(page: Page) -> Locator:
    return page.locator("article", has_text="infra#42").filter(has=page.get_by_role("button", name="Open thread"))


def test_newcomer_asks_arms_and_runs_again_with_the_mouse(opens: Callable[..., Town]) -> None:
    town = opens("socket")
    town.delivers()
    town.frozen()
    town.bell()
    with a_page() as page:
        page.goto(town.slack.url)
        types(page, "/afk status")
        answer = page.locator("article.private").last
        answer.get_by_text("AFK is on: 2 of 2 repositories armed").first.wait_for()
        assert answer.locator("table td").first.inner_text() == "Repository"
        assert "Only visible to you" in answer.inner_text()

        types(page, "/afk disarm web because noisy")
        page.get_by_text("ada disarmed web, because noisy. Nothing new starts there.").first.wait_for()
        types(page, "/afk arm web for 8h")
        page.get_by_role("button", name="Confirm").click()
        page.get_by_text(re.compile("^web is armed until")).wait_for()
        assert "web" in town.house.ledger.switches().armed

        bell(page).get_by_role("button", name="Got it").click()
        bell(page).get_by_text("Got it by @ada").wait_for()
        bell(page).get_by_role("button", name="Re-run infra#42").click()
        page.locator("#confirm").get_by_role("button", name="Not now").click()
        assert town.house.ledger.pending(Verb.REDISPATCH) == ()
        bell(page).get_by_role("button", name="Re-run infra#42").click()
        page.locator("#confirm").get_by_role("button", name="Re-run").click()
        bell(page).get_by_text("Attempt 2 has not started yet.").wait_for()
        town.house.poll()
        bell(page).get_by_text("Attempt 2 is running.").wait_for()
        assert bell(page).get_by_role("button", name="Re-run infra#42").count() == 0


def test_newcomer_replies_in_a_thread_and_opens_the_apps_page(opens: Callable[..., Town]) -> None:
    town = opens("http")
    town.delivers()
    town.frozen()
    town.bell()
    with a_page() as page:
        page.goto(town.slack.url)
        page.get_by_text("Receipt for infra#42 attempt 1: frozen").wait_for()
        bell(page).get_by_role("button", name=re.compile("reply", re.IGNORECASE)).first.click()
        types(page, "mind the second disk")
        page.get_by_text("Kept for the next attempt at infra#42.").wait_for()

        page.get_by_role("navigation", name="Apps").get_by_role("button").click()
        page.get_by_text("Waits for people").wait_for()
        page.get_by_role("button", name="Disarm infra").click()
        page.get_by_role("button", name="Arm infra", exact=True).wait_for()
        assert "infra" not in town.house.ledger.switches().armed


def test_stranger_is_refused_in_words(opens: Callable[..., Town]) -> None:
    town = opens("socket")
    town.delivers()
    with a_page() as page:
        page.goto(town.slack.url)
        page.get_by_label("You are").select_option(label="eve")
        types(page, "/afk kill now")
        page.get_by_text("ask the operator to add it to AFK_SLACK_OPERATORS").wait_for()
        assert town.house.ledger.switches().killed is None
