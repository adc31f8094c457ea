"""Reading and posting need no scripts: forms are forms, and a refusal keeps the words."""

from __future__ import annotations

from playwright.async_api import expect

from .conftest import Visit
from .test_two_people import DEN, message


async def test_reading_posting_and_older_pages(visit: Visit) -> None:
    bob = await visit("bob", DEN, java_script_enabled=False)
    await bob.get_by_label("Message to").fill("Sent by a plain form")
    await bob.get_by_role("button", name="Send").click()
    await expect(message(bob, "Sent by a plain form")).to_be_in_viewport()
    await bob.goto("/rooms/archive/")
    await bob.get_by_role("link", name="Earlier messages").click()
    await expect(message(bob, "Entry 100 of")).to_have_count(1)
    await bob.get_by_role("link", name="Later messages").click()
    await expect(message(bob, "Entry 180 of")).to_have_count(1)


async def test_a_refusal_redraws_the_room_with_the_words_and_the_reason(visit: Visit) -> None:
    bob = await visit("bob", DEN, java_script_enabled=False)
    links = " ".join(f"https://example.org/{number}" for number in range(60))
    await bob.get_by_label("Message to").fill(links)
    await bob.get_by_role("button", name="Send").click()
    await expect(bob.get_by_label("Message to")).to_have_value(links)
    await expect(bob.get_by_role("alert")).not_to_be_empty()


async def test_joining_a_public_room_and_making_one(visit: Visit) -> None:
    eve = await visit("eve", "/", java_script_enabled=False)
    await eve.get_by_role("link", name="Square").click()
    await expect(eve.get_by_text("You are reading along.")).to_be_visible()
    await eve.get_by_role("button", name="Join Square").click()
    await eve.get_by_label("Message to").fill("Hello from eve")
    await eve.get_by_role("button", name="Send").click()
    await expect(message(eve, "Hello from eve")).to_have_count(1)
    await eve.goto("/")
    await eve.get_by_label("Name").fill("Eve's corner")
    await eve.get_by_label("Public").check()
    await eve.get_by_role("button", name="Make the room").click()
    await expect(eve.get_by_role("heading", name="Eve's corner").first).to_be_visible()


async def test_on_a_phone_the_rooms_are_still_reachable(visit: Visit) -> None:
    bob = await visit("bob", DEN, java_script_enabled=False, viewport={"width": 390, "height": 844})
    await bob.locator(".side [data-room=archive]").scroll_into_view_if_needed()
    await bob.locator(".side [data-room=archive]").click()
    await expect(message(bob, "Entry 180 of")).to_have_count(1)
