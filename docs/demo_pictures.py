"""Take the pictures of Prefect's and the tracker's pages, from a demo with one run done and another frozen."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from afk.demo.installation import installed
from afk.demo.screen import Screen
from afk.demo.story import DATABASE, LOGS, Story
from docs.screenshots import PICTURES
from tests.browser import CHROMIUM, a_page

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from afk.demo.installation import Installation

WIDTH, HEIGHT = 1_200, 860
SETTLES = 2_500  # milliseconds, for a page that fades in and draws its graph


def main() -> None:
    if not CHROMIUM:
        sys.exit("docs: there is no Chromium on this machine. Install it, then: make screenshots")
    PICTURES.mkdir(exist_ok=True)
    with Screen() as screen, installed(screen.tell) as installation, a_page(WIDTH, HEIGHT, strict=False) as page:
        story = Story(installation, screen)
        for act in (story.people_get_ready, story.one_goes_to_done, story.one_is_corrected, story.one_freezes):
            act()
        _take(page, f"{installation.pages}/runs/flow-run/{_froze(installation)['id']}", "prefect-froze")
        for name, who in (("prefect-frozen", DATABASE), ("prefect-done", LOGS)):
            _take(page, f"{installation.pages}/artifacts/artifact/{_page_of(installation, who)}", name)
        _take(page, f"{installation.village.tracker.url}/acme/db/issues/1", "tracker-frozen")


def _froze(installation: Installation) -> dict[str, Any]:
    """The tick that froze it."""
    tagged = {"all_": [f"issue:{DATABASE[0]}#{DATABASE[1]}"]}
    return installation.runs("watch", tags=tagged, state={"type": {"any_": ["COMPLETED"]}})[-1]


def _page_of(installation: Installation, who: tuple[str, int]) -> str:
    wanted = {"key": {"any_": [f"issue-{who[0]}-{who[1]}"]}}
    found: str = installation.asks_prefect("artifacts/latest/filter", artifacts=wanted)[0]["latest_id"]
    return found


def _take(page: Page, address: str, name: str) -> None:
    page.goto(address)
    page.wait_for_timeout(SETTLES)
    target = PICTURES / f"{name}.png"
    page.screenshot(path=target)
    sys.stdout.write(f"docs/pictures/{name}.png: {target.stat().st_size // 1024} KiB\n")


if __name__ == "__main__":
    main()
