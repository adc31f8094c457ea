"""Browsers for the cast. `await visit("ada", "/rooms/den/")` gives the page as ada sees it.

Whatever a page reports, a script error or a breach of its own content policy, fails the test that caused it.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, StorageState, async_playwright, expect

from tests import servers
from tests.waiting import PATIENCE

from .town import PASSWORD, Town

FOLDER = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage"]
expect.set_options(timeout=1000 * PATIENCE)
NAMES = ("chromium", "chromium-browser", "google-chrome")

Visit = Callable[..., Awaitable[Page]]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """One worker drives the browser, in one loop, against one town."""
    mine = [item for item in items if FOLDER in item.path.parents]
    for item in mine:
        item.add_marker(pytest.mark.browser)
        item.add_marker(pytest.mark.asyncio(loop_scope="package"), append=False)


@pytest.fixture(scope="package")
def town() -> Iterator[Town]:
    town = Town(servers.start())
    try:
        town.build()
        yield town
    finally:
        town.end()


@pytest.fixture(scope="package")
def executable() -> str:
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        assert not os.environ.get("CI"), "CI has no Chromium; scripts/test-tools installs it"
        pytest.skip("there is no Chromium on this machine; scripts/test-tools installs one")
    return found


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser(executable: str) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield browser
        await browser.close()


@dataclass
class Watch:
    """What pages complained about."""

    complaints: list[str] = field(default_factory=list)
    allowed: tuple[str, ...] = ()

    def over(self, page: Page) -> None:
        page.on("pageerror", lambda error: self.complaints.append(f"script error: {error}"))
        page.on("console", self.hear)

    def hear(self, message: ConsoleMessage) -> None:
        is_network = "Failed to load resource" in message.text or "WebSocket connection" in message.text
        if message.type == "error" and not is_network:
            self.complaints.append(f"console: {message.text}")

    def check(self) -> None:
        assert [words for words in self.complaints if not any(part in words for part in self.allowed)] == []


@pytest.fixture(scope="package")
def passes() -> dict[str, StorageState]:
    """Cookies of those who have signed in already; a test that signs somebody out has to forget theirs."""
    return {}


@pytest_asyncio.fixture(loop_scope="package")
async def visit(browser: Browser, town: Town, passes: dict[str, StorageState]) -> AsyncIterator[Visit]:
    """Open a page as somebody, in a browser of their own: the same one for a second visit of the same person."""
    watch = Watch()
    contexts: dict[str, BrowserContext] = {}

    async def open_page(who: str = "", path: str = "/", **options: Any) -> Page:
        key = f"{who} {sorted(options.items())}"
        if key not in contexts:
            if who and who not in passes:
                passes[who] = await sign_in(browser, town, who)
            contexts[key] = await browser.new_context(
                base_url=town.address, storage_state=passes[who] if who else None, **options
            )
        page = await contexts[key].new_page()
        watch.over(page)
        response = await page.goto(path)
        assert response is not None
        assert response.status < 500, path
        if (
            path.startswith("/rooms/")
            and options.get("java_script_enabled", True)
            and await page.locator("#room").count()
        ):
            await page.wait_for_selector("#room[data-line=live]")
        return page

    yield open_page
    for context in contexts.values():
        await context.close()
    watch.check()


async def sign_in(browser: Browser, town: Town, who: str) -> StorageState:
    context = await browser.new_context(base_url=town.address)
    page = await context.new_page()
    await page.goto("/accounts/login/")
    await page.get_by_label("Username").fill(who)
    await page.get_by_label("Password", exact=True).fill(PASSWORD)
    await page.get_by_role("button", name="Sign in").click()
    await page.wait_for_selector("nav[aria-label=Rooms]")
    state = await context.storage_state()
    await context.close()
    return state
