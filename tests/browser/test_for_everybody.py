"""axe-core finds nothing to complain of, on every page, in light and dark, wide and narrow."""

from __future__ import annotations

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from .conftest import Visit
from .town import Town

PHONE = {"width": 390, "height": 844}
SMALL_PHONE = {"width": 375, "height": 667}
PAGES = [
    ("", "/"),
    ("", "/accounts/login/"),
    ("", "/accounts/signup/"),
    ("", "/accounts/password/reset/"),
    ("", "/nothing/here/"),
    ("", "/api/v1/docs/"),
    ("ada", "/"),
    ("ada", "/rooms/den/"),
    ("ada", "/rooms/den/members/"),
    ("ada", "/rooms/den/agents/"),
    ("ada", "/rooms/den/settings/"),
    ("ada", "/rooms/den/search?q=kettle"),
    ("ada", "/profile/"),
    ("ada", "/accounts/password/change/"),
    ("ada", "/accounts/email/"),
    ("ada", "/accounts/logout/"),
    ("eve", "/rooms/square/"),
    ("eve", "/rooms/den/"),
]


async def assert_fine(page: Page) -> None:
    found = await Axe().run(page)
    told = [
        f"{violation['id']}: {node['target']} {node['failureSummary']}"
        for violation in found.response["violations"]
        for node in violation["nodes"][:3]
    ]
    assert told == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("who", "path"), PAGES)
async def test_a_page_is_fine(visit: Visit, who: str, path: str, scheme: str) -> None:
    page = await visit(who, path, color_scheme=scheme)
    lost = await page.locator(".lost").count()
    assert lost == (path in ("/nothing/here/", "/rooms/den/") and who != "ada")
    await assert_fine(page)


@pytest.mark.parametrize("path", ["/", "/rooms/den/", "/rooms/den/members/"])
async def test_a_page_is_fine_on_a_phone_and_fits_it(visit: Visit, path: str) -> None:
    page = await visit("ada", path, viewport=PHONE)
    await assert_fine(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await page.get_by_role("button", name="Rooms").click()
    await assert_fine(page)
    await page.keyboard.press("Escape")
    assert await page.evaluate("document.activeElement.getAttribute('aria-label')") == "Rooms"


ROOM_TABS = ["members", "agents", "runs", "notes", "settings"]


@pytest.mark.parametrize("tab", ROOM_TABS)
async def test_only_the_main_part_of_a_page_scrolls(visit: Visit, tab: str) -> None:
    page = await visit("ada", f"/rooms/den/{tab}/", viewport={"width": 1280, "height": 400})
    assert await page.evaluate("document.documentElement.scrollHeight") == 400


@pytest.mark.parametrize("tab", ROOM_TABS)
async def test_the_tab_that_is_open_is_seen_on_a_phone(visit: Visit, tab: str) -> None:
    page = await visit("ada", f"/rooms/den/{tab}/", viewport=SMALL_PHONE)
    await expect(page.locator(".tabs [aria-current]")).to_be_in_viewport(ratio=1)


async def test_usage_fits_a_phone_whatever_rooms_are_called(visit: Visit) -> None:
    page = await visit("ivy", "/", viewport=SMALL_PHONE)
    await page.get_by_label("Name", exact=True).fill("The workshop with a name that goes on and on and ends here")
    await page.get_by_role("button", name="Make the room").click()
    await page.wait_for_selector("#room[data-line=live]")
    await page.get_by_label("Message to").fill("Is anybody here?")
    await page.get_by_role("button", name="Send", exact=True).click()
    await expect(page.locator(".message:not(.is-pending)", has_text="Is anybody here?")).to_be_visible()
    await page.goto("/usage/")
    await assert_fine(page)
    assert await page.evaluate("document.querySelector('.main').scrollWidth") <= SMALL_PHONE["width"]


async def test_a_form_that_comes_back_begins_where_it_is_wrong(visit: Visit) -> None:
    page = await visit("ada", "/")
    await page.get_by_label("Name", exact=True).fill("  ")
    await page.get_by_role("button", name="Make the room").click()
    await expect(page.get_by_text("This field is required.")).to_be_in_viewport()
    await expect(page.get_by_label("Name", exact=True)).to_be_focused()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_room_is_fine_in_every_state_a_message_can_have(visit: Visit, town: Town, scheme: str) -> None:
    town.shell(STATES)
    page = await visit("ada", "/rooms/states/", color_scheme=scheme)
    for state in ("writing", "visible", "held", "redacted", "withdrawn", "interrupted"):
        assert await page.locator(f".message--{state}").count() >= 1, state
    await page.locator(".message--visible").first.hover()
    await page.get_by_role("button", name="React").click()
    await assert_fine(page)
    await page.keyboard.press("Escape")
    await page.get_by_label("Message to").fill("Hello @")
    await assert_fine(page)
    await page.get_by_label("Message to").fill("")


STATES = """
from uuid import uuid4
from rooms.models import Message, Room, User
from rooms.services.memberships import begin_membership
from rooms.services.messages import *
from rooms.services.reactions import add_reaction
from rooms.services.rooms import create_room
ada, bob, echo = (User.objects.get(username=name) for name in ("ada", "bob", "echo"))
if not Room.objects.filter(slug="states").exists():
    room = create_room(creator=ada, name="States", slug="states")
    for user in (bob, echo):
        begin_membership(room=room, user=user, role="member", by=ada)
    def say(who, body, **more):
        return Message.objects.get(pk=post_message(room=room, author=who, body=body, **more).message["id"])
    plain = say(bob, "With *everything*: `code`, @ada, [a link](https://example.org)\\n\\n> quoted\\n\\n1. one")
    add_reaction(message=plain, user=ada, emoji="👍")
    say(ada, "An answer to that", reply_to=plain.pk)
    say(ada, "For bob alone", visible_to=["bob"])
    edit_message(message=say(ada, "before"), by=ada, body="after")
    withdraw_message(message=say(bob, "oops"), by=bob)
    redact_message(message=say(bob, "worse"), by=ada)
    Message.objects.filter(pk=say(bob, "waiting").pk).update(state="held")
    broken = start_message(room=room, author=echo, run=uuid4(), reply_to=plain)
    interrupt_message(message=broken, body="I was about to", notice="The model went away.")
    writing = start_message(room=room, author=echo, run=uuid4(), reply_to=plain)
    save_progress(message_id=writing.pk, body="Once upon a")
"""
