"""An answer from inside, in the room: its steps, other answers beside it, thumbs, the question in other words."""

from __future__ import annotations

from playwright.async_api import Page, expect

from .conftest import Visit
from .test_for_everybody import assert_fine
from .test_two_people import DEN, say
from .test_why import answered


async def test_the_steps_of_an_answer_open_beside_the_room_and_follow_it_live(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await say(bob, "@brook a word with you")
    writing = bob.locator(".message--writing[data-author=brook]")
    await expect(writing).to_have_count(1)
    await writing.focus()
    await bob.keyboard.press(".")
    await bob.get_by_role("link", name="What was done for this?").click()
    panel = bob.get_by_role("complementary", name="What was done")
    await expect(panel.get_by_role("heading", name="What Brook did")).to_be_visible()
    await expect(panel.get_by_text("at work").first).to_be_visible()
    await panel.get_by_role("link", name="Step 1: Answer").focus()
    await bob.keyboard.press("Enter")
    await expect(panel.locator("details[open]")).to_have_count(1)
    await panel.get_by_role("button", name="Stop this and what needs it").click()
    await expect(panel.get_by_text("Stopped by @bob.")).to_be_visible()
    await expect(panel.locator("details[open]"), "what was opened stays open").to_have_count(1)
    await expect(panel.get_by_role("button", name="Do it again from here")).to_be_visible()
    await assert_fine(bob)
    await bob.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def other_answer(page: Page) -> None:
    last = page.locator(".message[data-author=echo]:visible").last
    await last.get_by_role("button", name="Another answer").click()
    await expect(page.locator(".message[data-author=echo]:visible").last.get_by_text("2 of 2")).to_be_visible()
    await expect(page.locator(".message--writing")).to_have_count(0, timeout=40_000)


async def test_other_answers_fold_into_one_place_and_are_turned_with_the_keyboard(visit: Visit) -> None:
    bob, ada = await visit("bob", DEN), await visit("ada", DEN)
    await answered(bob, "how many kettles?")
    await other_answer(bob)
    for page in (bob, ada):
        shown = page.locator(".message[data-author=echo]:visible").last
        await expect(shown.get_by_text("2 of 2")).to_be_visible()
        await shown.get_by_role("link", name="The answer before").focus()
        await page.keyboard.press("Enter")
        turned = page.locator(".message[data-author=echo]:visible").last
        await expect(turned.get_by_text("1 of 2")).to_be_visible()
        await expect(turned.get_by_role("link", name="The answer after")).to_be_focused()
    shown = bob.locator(".message[data-author=echo]:visible").last
    await shown.get_by_role("link", name="Answers side by side").click()
    sheet = bob.get_by_role("dialog", name="Answers side by side")
    await expect(sheet.get_by_role("list", name="Side by side").get_by_role("listitem")).to_have_count(2)
    await assert_fine(bob)
    await sheet.get_by_role("button", name="Close").click()


async def test_an_answer_that_was_being_written_when_the_page_was_opened_folds_into_its_place(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await answered(bob, "how many saucers?")
    first = bob.locator(".message[data-author=echo]:visible").last
    await first.get_by_role("link", name="Answers side by side").click()
    sheet = bob.get_by_role("dialog", name="Answers side by side")
    await sheet.get_by_label("Another answer from").select_option("rill")
    await sheet.get_by_role("button", name="Ask again").click()
    writing = ".message--writing[data-author=rill]"
    await expect(bob.locator(writing)).to_have_count(1)
    ada = await visit("ada", DEN)
    await expect(ada.locator(writing)).to_have_count(1)
    await expect(ada.locator(writing)).to_have_count(0, timeout=40_000)
    await expect(ada.locator(".message[data-author=rill]:visible").last.get_by_text("2 of 2")).to_be_visible()
    await expect(ada.locator(".message[data-author=echo]:visible").get_by_text("1 of 2")).to_have_count(0)


async def test_a_thumb_down_asks_why_and_stays_pressed(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await answered(bob, "is it good?")
    foot = bob.locator(".message[data-author=echo]:visible").last.locator(".foot")
    await foot.get_by_role("button", name="Not a good answer").click()
    await foot.get_by_label("Wrong or made up").check()
    await foot.get_by_label("In your words").fill("It is tea.")
    await assert_fine(bob)
    await foot.get_by_role("button", name="Send").click()
    await expect(foot.get_by_text("Thank you.")).to_be_visible()
    await expect(foot.get_by_role("group", name="What was wrong with it?")).to_be_hidden()
    await bob.reload()
    again = bob.locator(".message[data-author=echo]:visible").last.get_by_role("button", name="Not a good answer")
    await expect(again).to_have_attribute("aria-pressed", "true")


async def test_a_question_in_other_words_stands_below_and_both_name_the_other(visit: Visit) -> None:
    bob, ada = await visit("bob", DEN), await visit("ada", DEN)
    await say(bob, "where is the sugar?")
    mine = bob.locator(".message[data-author=bob][data-seq]", has_text="where is the sugar?")
    await expect(mine).to_have_count(1)
    await mine.focus()
    await bob.keyboard.press(".")
    await bob.get_by_role("button", name="Ask it in other words").press("Enter")
    sheet = bob.get_by_role("dialog", name="Ask it in other words")
    await sheet.get_by_label("Your question in other words").fill("where is the brown sugar?")
    await sheet.get_by_role("button", name="Ask").click()
    await expect(sheet).to_be_hidden()
    for page in (bob, ada):
        await expect(page.get_by_role("link", name="Edited from an earlier question")).to_be_visible()
        await expect(page.get_by_role("link", name="Asked again in other words")).to_be_visible()


async def test_the_pages_hold_in_the_dark_on_a_phone_and_without_scripts(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await answered(bob, "one more?")
    run = await bob.locator(".message[data-author=echo]:visible").last.get_attribute("data-run")
    plain = await visit("bob", f"/runs/{run}/", java_script_enabled=False)
    await expect(plain.get_by_role("link", name="Step 1: Answer")).to_be_visible()
    for path in (f"/runs/{run}/", "/rooms/den/runs/"):
        page = await visit("bob", path, color_scheme="dark", viewport={"width": 390, "height": 800})
        await assert_fine(page)
