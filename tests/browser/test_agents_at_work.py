"""Agents that work, as ada sees it: she makes one, seats two, asks both at once, looks inside, stops one, approves."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from .conftest import Visit
from .test_for_everybody import assert_fine
from .test_two_people import say
from .town import Town

KITCHEN = """
import json
from agents.services import create_agent, seat_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.messages import post_message
from rooms.services.rooms import create_room
ada, bob = (User.objects.get(username=name) for name in ("ada", "bob"))
room = create_room(creator=ada, name="The kitchen", slug="kitchen")
begin_membership(room=room, user=bob, role="member", by=ada)
seq = post_message(room=room, author=ada, body="The soup was too salty.").message["seq"]
create_agent(owner=ada, username="lark", display_name="Lark", model="scripted:words-f200-i20-n12")
creek = create_agent(owner=ada, username="creek", display_name="Creek", model="scripted:words-f200-i150-n400")
broom = create_agent(owner=ada, username="broom", display_name="Broom", tools=["withdraw_messages"],
                     model="scripted:call withdraw_messages " + json.dumps({"numbers": [seq]}))
for agent in (creek, broom):
    seat_agent(room=room, agent=agent, by=ada)
"""
ROOM = "/rooms/kitchen/"
AGENTS = "/rooms/kitchen/agents/"


@pytest.fixture(scope="module")
def kitchen(town: Town) -> Town:
    town.shell(KITCHEN)
    return town


def answers(page: Page, who: str = "") -> Locator:
    return page.locator(f".message[data-author={who}]" if who else ".message[data-kind=agent]")


async def nobody_writes(page: Page) -> None:
    await expect(page.locator(".message--writing")).to_have_count(0, timeout=40_000)


async def offered(page: Page, message: Locator, link: str) -> None:
    """Choose from the menu of a message, with the keyboard."""
    await message.focus()
    await page.keyboard.press(".")
    await page.get_by_role("link", name=link).click()


async def makes_one(page: Page) -> None:
    await page.locator("[name=username]").fill("wren")
    await page.locator("[name=display_name]").fill("Wren")
    await page.locator("[name=persona]").fill("Knows what goes with leeks.")
    await page.get_by_role("button", name="Make the agent").click()
    await expect(page.get_by_role("heading", name="Wren", exact=True)).to_be_visible()
    await expect(page.get_by_text("Knows what goes with leeks.")).to_be_visible()


async def seats_two(page: Page) -> None:
    for name in ("Wren", "Lark"):
        await page.get_by_role("button", name=f"Bring in {name}").click()
        await expect(page.get_by_role("button", name=f"Send out {name}")).to_be_visible()
    together = page.get_by_role("region", name="Together")
    await together.locator("[name=coordination]").select_option("parallel")
    await together.get_by_role("button", name="Save", exact=True).click()
    await expect(page.get_by_role("region", name="Together").locator("[name=coordination]")).to_have_value("parallel")
    await assert_fine(page)


async def asks_both_at_once(page: Page) -> Locator:
    """One run, one answer, and folded under it what each contributed."""
    await say(page, "@wren @lark what goes with leeks?")
    found = page.locator(".message[data-author=wren], .message[data-author=lark]")
    await expect(found).to_have_count(1)
    await nobody_writes(page)
    await expect(found).to_have_count(1)
    await expect(page.get_by_text(re.compile(r"\d agents? contributed"))).to_be_visible()
    return found


async def opens_the_dag(page: Page, answer: Locator) -> None:
    await offered(page, answer, "What was done for this?")
    panel = page.get_by_role("complementary", name="What was done")
    await expect(panel.locator("svg .node").nth(2)).to_be_visible()
    assert await panel.locator("svg .node").count() >= 3, "two that contribute, one that speaks for them"
    assert await panel.locator("svg .edge").count() >= 2
    for name in ("Wren", "Lark"):
        await expect(panel.get_by_text(name).first).to_be_visible()
    await assert_fine(page)
    await page.keyboard.press("Escape")
    await expect(panel).to_be_hidden()


async def opens_the_provenance(page: Page, answer: Locator) -> None:
    await offered(page, answer, "Why did it say this?")
    sheet = page.get_by_role("dialog", name="Why did it say this?")
    await expect(sheet.get_by_role("heading", name=re.compile("Why did (Wren|Lark) say this"))).to_be_visible()
    await expect(sheet.get_by_text("Asked by Ada")).to_be_visible()
    await assert_fine(page)
    await sheet.get_by_role("button", name="Close").click()
    await expect(sheet).to_be_hidden()


async def stops_one(page: Page) -> None:
    await say(page, "@creek go on for ever")
    writing = page.locator(".message--writing[data-author=creek]")
    await expect(writing.locator("[data-text]")).to_have_text(re.compile(r"\S+ \S+"))
    await offered(page, writing, "What was done for this?")
    panel = page.get_by_role("complementary", name="What was done")
    await panel.get_by_role("button", name="Stop all of it").click()
    await expect(panel.get_by_text("Stopped by @ada.")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(answers(page, "creek").last).to_contain_text("Stopped by @ada.")
    await nobody_writes(page)


async def approves_a_tool(page: Page, other: Page) -> None:
    """The other member sees the card and the exact arguments, and has no button."""
    await say(page, "@broom take back what I said of the soup")
    for looking in (page, other):
        await expect(looking.locator(".approval")).to_be_visible()
        await expect(looking.locator(".approval pre")).to_contain_text('"numbers"')
    await expect(other.locator(".approval").get_by_role("button")).to_have_count(0)
    await expect(page.get_by_role("log").get_by_text("The soup was too salty.")).to_be_visible()
    await page.locator(".approval").get_by_role("button", name="Approve").click()
    for looking in (page, other):
        await expect(looking.get_by_text("Taken back by Ada.")).to_be_visible()
        await expect(looking.get_by_role("log").get_by_text("The soup was too salty.")).to_have_count(0)
        await expect(looking.locator(".approval")).to_have_count(0)


async def test_ada_makes_an_agent_seats_two_asks_them_looks_inside_stops_one_and_approves(
    kitchen: Town, visit: Visit
) -> None:
    await makes_one(await visit("ada", "/agents/new/"))
    await seats_two(await visit("ada", AGENTS))
    ada, bob = await visit("ada", ROOM), await visit("bob", ROOM)
    answer = await asks_both_at_once(ada)
    await opens_the_dag(ada, answer)
    await opens_the_provenance(ada, answer)
    await stops_one(ada)
    await approves_a_tool(ada, bob)


async def test_eve_finds_none_of_it(kitchen: Town, visit: Visit) -> None:
    runs = kitchen.sql(
        "SELECT t.id FROM agents_task t JOIN rooms_room r ON r.id = t.room_id WHERE r.slug = 'kitchen' LIMIT 1"
    )
    for path in (ROOM, AGENTS, *(f"/runs/{run}/" for (run,) in runs)):
        page = await visit("eve", path)
        await expect(page.get_by_text("leeks")).to_have_count(0)
        await expect(page.get_by_text("The kitchen")).to_have_count(0)
