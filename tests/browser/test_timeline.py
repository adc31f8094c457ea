"""Reading: history both ways, the place one reads at, what is new."""

from __future__ import annotations

import re

from playwright.async_api import Locator, Page, expect

from tests.waiting import eventually

from .conftest import Visit
from .test_two_people import DEN, message, say
from .town import Town

ARCHIVE = "/rooms/archive/"


async def scroll(page: Page, by: int) -> None:
    await page.locator("#timeline").hover()
    await page.mouse.wheel(0, by)


async def scroll_until(page: Page, by: int, wanted: Locator) -> None:
    """Scroll on, as one does whom a page has to bring more, until this is seen."""

    async def seen() -> bool:
        await scroll(page, by)
        await stands_still(page)
        box = await wanted.bounding_box() if await wanted.count() else None
        frame = await page.locator("#timeline").bounding_box()
        return bool(box and frame and frame["y"] <= box["y"] + box["height"] / 2 <= frame["y"] + frame["height"])

    await eventually(seen)
    await expect(wanted).to_be_in_viewport()


async def stands_still(page: Page) -> None:
    """Until the wheel's turn is done: two frames without a change."""
    where = "document.querySelector('#timeline').scrollTop"
    before = None
    while before != (before := await page.evaluate(f"new Promise(r => requestAnimationFrame(() => r({where})))")):
        await page.evaluate("new Promise(r => requestAnimationFrame(r))")


async def place_of(page: Page, words: str) -> float:
    box = await message(page, words).bounding_box()
    assert box is not None
    return box["y"]


async def test_scrolling_up_brings_the_past_and_keeps_the_place(visit: Visit) -> None:
    bob = await visit("bob", ARCHIVE)
    await expect(message(bob, "Entry 180 of")).to_be_in_viewport()
    await expect(message(bob, "Entry 121 of")).to_have_count(1)
    await expect(message(bob, "Entry 100 of")).to_have_count(0)
    await scroll_until(bob, -700, message(bob, "Entry 1 of"))
    await expect(bob.locator(".message")).to_have_count(180)
    numbers = [int(await article.get_attribute("data-seq") or 0) for article in await bob.locator(".message").all()]
    assert numbers == sorted(set(numbers))
    assert await bob.locator(".day").count() == 1


async def test_somebody_reading_the_past_is_not_moved_by_what_is_new(visit: Visit, town: Town) -> None:
    bob = await visit("bob", ARCHIVE)
    await scroll(bob, -900)
    await stands_still(bob)
    before = await place_of(bob, "Entry 165 of")
    town.say("ada", "archive", "A line below the fold.\n\nAnd another.")
    button = bob.get_by_role("button", name="1 new message")
    await expect(button).to_be_visible()
    assert abs(await place_of(bob, "Entry 165 of") - before) < 2
    await button.click()
    await expect(message(bob, "A line below the fold.")).to_be_in_viewport()
    await expect(button).to_be_hidden()


async def test_a_link_to_a_message_opens_the_room_around_it(visit: Visit, town: Town) -> None:
    ((id, seq),) = town.sql("SELECT id, seq FROM rooms_message WHERE body = 'Entry 60 of the archive.'")
    bob = await visit("bob", f"/rooms/archive/messages/{id}/")
    assert bob.url.endswith(f"?around={seq}#m-{id}")
    await expect(message(bob, "Entry 60 of")).to_be_in_viewport()
    await expect(message(bob, "Entry 180 of")).to_have_count(0)
    await bob.get_by_role("button", name="To the end").click()
    await expect(message(bob, "Entry 180 of")).to_have_count(1)
    await expect(message(bob, "Entry 60 of")).to_have_count(0)
    await say(bob, "From the past to the present")
    await expect(message(bob, "From the past to the present")).to_have_count(1)


async def test_reading_on_from_the_past_reaches_the_present_without_a_gap(visit: Visit, town: Town) -> None:
    ((seq,),) = town.sql("SELECT seq FROM rooms_message WHERE body = 'Entry 40 of the archive.'")
    bob = await visit("bob", f"{ARCHIVE}?around={seq}")
    town.say("ada", "archive", "Said while bob reads on")
    await scroll_until(bob, 900, message(bob, "Said while bob reads on"))
    shown = [await article.inner_text() for article in await bob.locator(".message .message__body").all()]
    entries = [int(found[1]) for text in shown if (found := re.match(r"Entry (\d+) of", text))]
    assert entries == list(range(entries[0], 181))


async def test_the_browser_groups_and_parts_messages_as_the_server_does(visit: Visit) -> None:
    drawn = await visit("bob", ARCHIVE, java_script_enabled=False)
    live = await visit("bob", ARCHIVE)
    script = """all => all.map(one => one.className.replace(/ (is-mine|mentions-me|is-active)/g, "")
        + (one.dataset.id ?? one.textContent))"""
    selector = "#messages > .message, #messages > .day"
    assert await drawn.locator(selector).evaluate_all(script) == await live.locator(selector).evaluate_all(script)


async def test_a_draft_waits_in_its_room(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await bob.get_by_label("Message to").fill("An unfinished thou")
    await bob.locator(".side [data-room=archive]").click()
    await expect(bob.get_by_label("Message to Archive")).to_have_value("")
    await bob.locator(".side [data-room=den]").click()
    await expect(bob.get_by_label("Message to The den")).to_have_value("An unfinished thou")
    await bob.get_by_label("Message to").fill("")


async def test_a_refused_message_says_why_and_gives_the_words_back(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    links = " ".join(f"https://example.org/{number}" for number in range(60))
    await say(bob, links)
    failed = bob.locator(".is-failed")
    await expect(failed).to_have_count(1)
    await expect(failed).not_to_contain_text("Not sent yet")
    await failed.get_by_role("button", name="Back to the composer").click()
    await expect(bob.get_by_label("Message to")).to_have_value(links)
    await expect(bob.locator(".is-failed")).to_have_count(0)
    await bob.get_by_label("Message to").fill("")


async def test_a_text_that_is_too_long_is_said_so_before_it_is_sent(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await bob.get_by_label("Message to").fill("a" * 8001)
    await expect(bob.get_by_text("8001 of 8000 characters")).to_be_visible()
    await bob.keyboard.press("Enter")
    await expect(bob.get_by_label("Message to")).to_have_value("a" * 8001)
    await bob.get_by_label("Message to").fill("")
