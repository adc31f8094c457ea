"""axe-core finds nothing on the pages that belong to agents and runs, in light and dark, and they fit a phone."""

from __future__ import annotations

import pytest
from playwright.async_api import expect

from .conftest import Visit
from .test_for_everybody import PHONE, assert_fine
from .test_two_people import DEN
from .test_why import answered
from .town import Town

PAGES = ["/usage/", "/rooms/den/runs/", "/rooms/den/notes/", "/rooms/den/agents/"]
OF_AN_ANSWER = [
    "messages/{message}/why/",
    "messages/{message}/alternatives/",
    "messages/{message}/feedback/",
    "runs/{run}/",
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [PHONE["width"], 1440])
async def test_the_pages_are_fine_and_fit(visit: Visit, town: Town, scheme: str, width: int) -> None:
    ada = await visit("ada", DEN)
    await answered(ada, f"a word for {scheme} {width}?")
    answer = ada.locator(".message[data-author=echo]").last
    names = {"run": await answer.get_attribute("data-run"), "message": await answer.get_attribute("data-id")}
    page = await visit("ada", "/", color_scheme=scheme, viewport={"width": width, "height": 844})
    for path in [*PAGES, *(f"/{path.format(**names)}" for path in OF_AN_ANSWER)]:
        await page.goto(path)
        await expect(page.locator(".lost")).to_have_count(0)
        await assert_fine(page)
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, path
        assert await page.evaluate("document.querySelector('.main').scrollWidth") <= width, path
