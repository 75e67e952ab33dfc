"""Take the pictures of the documents: the bot as it is, in the simulated channel, in a real browser."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from afk.core.model import IssueRef
from tests.browser import CHROMIUM, a_page
from tests.house import INFRA_42
from tests.slackbot.conftest import Town, open_town

if TYPE_CHECKING:
    from playwright.sync_api import Page

PICTURES = Path(__file__).with_name("pictures")
WEB_7, WEB_8 = IssueRef("web", 7), IssueRef("web", 8)
WIDTH, HEIGHT = 1_000, 960


def main() -> None:
    if not CHROMIUM:
        sys.exit("docs: there is no Chromium on this machine. Install it, then: make screenshots")
    PICTURES.mkdir(exist_ok=True)
    with ExitStack() as stack, a_page(WIDTH, HEIGHT) as page:
        town = open_town(stack, "socket")
        town.delivers()
        page.goto(town.slack.url)
        _doorbells(town)
        _take(page, "doorbells")
        _again(town)
        page.get_by_text("Attempt 2 is running.").wait_for()
        _take(page, "rerun", "article:has-text('Re-run by')")
        town.types("status")
        page.get_by_text("Only visible to you").wait_for()
        _take(page, "status", "article.private")


def _doorbells(town: Town) -> None:
    """One run that is done, one that froze, and a question."""
    house, world = town.house, town.house.world
    world.passes(seconds=(town.clock.now() - world.now() - timedelta(minutes=77)).total_seconds())
    house.a_run(WEB_7, title="Show the release in the footer")
    _works(town, WEB_7)
    world.ci_goes_green("web", house.pushed_and_ended(WEB_7))
    world.passes(minutes=6)
    house.watch(2)
    _rings(town, "web#7")
    house.limit(fix_forward_max_attempts=1)
    house.a_run(INFRA_42, title="Rotate the logs of the ingress")
    _works(town, INFRA_42)
    for _ in range(2):
        world.ci_goes_red("infra", house.pushed_and_ended(INFRA_42), "E   assert 403 == 200")
        world.passes(minutes=9)
        house.watch()
    _rings(town, "infra#42")
    house.a_run(WEB_8, title="Move the assets to a bucket")
    world.passes(minutes=11)
    world.agent_asks(WEB_8, "Which region shall the bucket be in?", "eu-west-1", "us-east-1")
    house.watch()
    _rings(town, "web#8")
    town.settles()


def _works(town: Town, ref: IssueRef) -> None:
    for minutes, line in ((1, "worktree ../wt"), (5, "tests-red tests/test_it.py"), (14, "green 212 passed")):
        town.house.world.passes(minutes=minutes)
        town.house.world.agent_says(ref, f"AFK-Phase: {line}")
        town.house.world.agent_spends(ref, 0.9)
        town.house.watch()


def _rings(town: Town, about: str) -> None:
    town.rings.set()
    town.bell(about)


def _again(town: Town) -> None:
    town.presses(town.ada, town.bell("infra#42")["ts"], "rerun")
    town.settles()
    town.house.poll()
    town.rings.set()


def _take(page: Page, name: str, what: str = "body") -> None:
    page.evaluate("refresh(true)")
    page.locator(what).last.screenshot(path=PICTURES / f"{name}.png")
    sys.stdout.write(f"docs/pictures/{name}.png: {(PICTURES / f'{name}.png').stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
