"""Why did it say this, asked in the room."""

from __future__ import annotations

from playwright.async_api import Page, expect

from .conftest import Visit
from .test_for_everybody import assert_fine
from .test_two_people import DEN, say


async def answered(page: Page, words: str) -> None:
    """Ask echo, who is soon done: that it writes may pass unseen, that it has written stays."""
    answers = page.locator(".message[data-author=echo]:not(.message--writing)")
    before = await answers.count()
    await say(page, f"@echo {words}")
    await expect(page.locator(".message:not([data-author=echo])", has_text=words)).to_have_count(1)  # it is quoted, too
    await expect(answers).to_have_count(before + 1, timeout=40_000)


async def test_the_menu_of_an_answer_shows_its_reasons_over_the_room(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await answered(bob, "what about the saucers?")
    answer = bob.locator(".message[data-author=echo]").last
    await answer.focus()
    await bob.keyboard.press(".")
    await bob.get_by_role("link", name="Why did it say this?").click()
    sheet = bob.get_by_role("dialog", name="Why did it say this?")
    await expect(sheet.get_by_role("heading", name="Why did Echo say this?")).to_be_visible()
    await expect(sheet.get_by_text("Asked by Bob")).to_be_visible()
    await expect(sheet.get_by_text("it was the same.")).to_be_visible()
    await assert_fine(bob)
    await sheet.get_by_role("button", name="Close").click()
    await expect(sheet).to_be_hidden()
    await bob.locator(".message[data-author=bob]").last.focus()
    await bob.keyboard.press(".")
    await expect(bob.get_by_role("link", name="Why did it say this?")).to_have_count(0)


async def test_without_scripts_a_link_below_the_answer_leads_to_the_same(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await answered(bob, "and about the spoons?")
    plain = await visit("bob", DEN, java_script_enabled=False)
    await plain.get_by_role("link", name="Why did it say this?").last.click()
    await expect(plain.get_by_role("heading", name="Why did Echo say this?")).to_be_visible()
    page = await visit("bob", plain.url, color_scheme="dark")
    await assert_fine(page)
