"""By keyboard alone, and as it is told to those who listen."""

from __future__ import annotations

from playwright.async_api import Page, expect

from .conftest import Visit
from .test_two_people import DEN, message

FOCUSED = (
    "document.activeElement.getAttribute('aria-label') || document.activeElement.innerText || document.activeElement.id"
)


async def tab_to(page: Page, words: str, most: int = 60) -> None:
    for _ in range(most):
        await page.keyboard.press("Tab")
        if words in str(await page.evaluate(FOCUSED)):
            return
    raise AssertionError(f"no way by Tab to {words}")


async def test_signing_in_and_into_a_room_and_speaking(visit: Visit) -> None:
    page = await visit("", "/")
    await tab_to(page, "Sign in")
    await page.keyboard.press("Enter")
    await page.get_by_label("Username").focus()
    await page.keyboard.type("mod")
    await page.keyboard.press("Tab")
    await page.keyboard.type("correct horse battery")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("nav[aria-label=Rooms]")
    await page.keyboard.press("Tab")
    assert await page.evaluate(FOCUSED) == "Skip to the content"
    await tab_to(page, "The den")
    await page.keyboard.press("Enter")
    await page.wait_for_selector("#room[data-line=live]")
    await page.keyboard.type("Typed straight away")
    await page.keyboard.press("Enter")
    await expect(message(page, "Typed straight away")).to_have_count(1)
    await page.keyboard.press("Shift+Enter")
    await expect(page.get_by_label("Message to")).to_have_value("\n")


async def test_the_mention_menu_is_worked_with_arrows_and_enter(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    box = bob.get_by_label("Message to")
    await box.fill("")
    await bob.keyboard.type("Hello @")
    menu = bob.get_by_role("listbox", name="People and agents")
    await expect(menu).to_be_visible()
    await bob.keyboard.type("ec")
    await expect(menu.get_by_role("option", name="Echo")).to_have_attribute("aria-selected", "true")
    assert await box.get_attribute("aria-activedescendant") == await menu.get_by_role("option").first.get_attribute(
        "id"
    )
    await bob.keyboard.press("Enter")
    await expect(box).to_have_value("Hello @echo ")
    await expect(menu).to_be_hidden()
    await bob.keyboard.type("and @a")
    await bob.keyboard.press("Escape")
    await expect(menu).to_be_hidden()
    await expect(box).to_have_value("Hello @echo and @a")
    await box.fill("")


async def test_going_through_messages_replying_and_reacting(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await bob.locator("#timeline").focus()
    await bob.keyboard.press("ArrowUp")
    await expect(bob.locator(".message").last).to_be_focused()
    await bob.keyboard.press("k")
    await expect(bob.locator(".message").nth(-2)).to_be_focused()
    await bob.keyboard.press("j")
    await expect(bob.locator(".message").last).to_be_focused()
    await bob.keyboard.press("e")
    await expect(bob.get_by_role("button", name="Thumbs up")).to_be_focused()
    await bob.keyboard.press("Escape")
    await expect(bob.get_by_role("button", name="React")).to_be_focused()
    await bob.locator(".message").last.focus()
    await bob.keyboard.press("r")
    await expect(bob.get_by_label("Message to")).to_be_focused()
    await bob.keyboard.type("An answer by keyboard")
    await bob.keyboard.press("Enter")
    await expect(message(bob, "An answer by keyboard")).to_have_count(1)


async def test_the_list_of_keys_and_the_switch_that_turns_them_off(visit: Visit) -> None:
    bob = await visit("bob", "/")
    await bob.keyboard.press("?")
    dialog = bob.get_by_role("dialog", name="Keyboard")
    await expect(dialog).to_be_visible()
    await dialog.get_by_label("Turn single-key shortcuts off").check()
    await bob.keyboard.press("Escape")
    await bob.goto(DEN)
    await bob.evaluate("document.activeElement.blur()")
    await bob.keyboard.press("c")
    await expect(bob.get_by_label("Message to")).not_to_be_focused()
    await bob.evaluate("localStorage.removeItem('shortcuts-off')")


async def test_what_happens_is_told_once_and_not_word_by_word(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await bob.evaluate(
        """() => { const announcer = document.getElementById("announcer"); window.told = [];
        new MutationObserver(() => told.push(announcer.textContent)).observe(announcer, { childList: true }); }"""
    )
    await ada.get_by_label("Message to").fill("@echo in a few words, please")
    await ada.keyboard.press("Enter")
    await expect(bob.locator("#announcer")).to_contain_text("Echo answered.", timeout=40_000)
    told = [words for words in await bob.evaluate("told") if words]
    assert len(told) <= 3
    assert told[0].startswith("Ada: @echo in a few words")
    assert await bob.locator("#timeline").get_attribute("role") == "log"
    assert await bob.locator("#timeline").get_attribute("aria-live") == "off"
