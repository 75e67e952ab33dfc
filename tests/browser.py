"""Open pages in a real browser, where the machine has one.

Without one the tests that need it are skipped; `AFK_TEST_BROWSER=required` makes that a failure.
"""

from __future__ import annotations

import os
import shutil
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Page

REQUIRED = os.environ.get("AFK_TEST_BROWSER") == "required"
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), "")
PATIENCE = 30_000  # milliseconds, on a machine that does much else
QUIETLY = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip

needs_browser = pytest.mark.skipif(not (CHROMIUM or REQUIRED), reason="there is no Chromium on this machine")


@contextmanager
def a_page(width: int = 1_000, height: int = 760, scale: float = 1, *, strict: bool = True) -> Iterator[Page]:
    """Whatever the page writes to its console as an error, or throws, fails the block; not so a page of somebody else."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - nobody else waits for its import

    assert CHROMIUM, "AFK_TEST_BROWSER=required, but there is no Chromium on this machine"
    wrong: list[str] = []
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, args=QUIETLY)
        page = browser.new_page(viewport={"width": width, "height": height}, device_scale_factor=scale)
        page.set_default_timeout(PATIENCE)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
        try:
            yield page
        finally:
            browser.close()
    assert not strict or wrong == []
