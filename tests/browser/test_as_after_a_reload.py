"""What an open page shows is what a reload would show, whatever others do meanwhile."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Locator, Page, expect

from .conftest import Visit
from .test_two_people import message, say
from .town import Town

ATTIC = """
from agents.services import create_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room
ada, bob, mod = (User.objects.get(username=name) for name in ("ada", "bob", "mod"))
for slug in ("attic", "loft", "garret"):
    room = create_room(creator=ada, name=f"The {slug}", slug=slug)
    begin_membership(room=room, user=bob, role="member", by=ada)
    begin_membership(room=room, user=mod, role="moderator", by=ada)
create_room(creator=ada, name="Balcony", slug="balcony", visibility="public")
for name in ("magpie", "dunnock"):
    create_agent(owner=ada, username=name, display_name=name.capitalize(), model="scripted:words-f200-i20-n12")
"""
CALL = """
import json
from agents.models import Agent, Seat
from agents.services import change_conduct, seat_agent, unseat_agent
from rooms.models import Room, User
from rooms.services.memberships import change_role
from rooms.services.rooms import change_room
room, ada = Room.objects.get(slug={room!r}), User.objects.get(username="ada")
agent = lambda name: Agent.objects.get(user__username=name)
{code}
"""


@pytest.fixture(scope="module")
def attic(town: Town) -> Town:
    town.shell(ATTIC)
    return town


def do(town: Town, room: str, code: str) -> None:
    """Something that ada does elsewhere."""
    town.shell(CALL.format(room=room, code=code))


def fold(page: Page) -> Locator:
    return page.locator("#asking > summary")


async def test_what_stands_beneath_an_answer_is_there_again_after_the_way_to_the_end(attic: Town, visit: Visit) -> None:
    attic.shell("""
from agents.models import Agent
from agents.services import seat_agent
from rooms.models import User
from rooms.services.rooms import create_room
ada = User.objects.get(username="ada")
room = create_room(creator=ada, name="The landing", slug="landing")
seat_agent(room=room, agent=Agent.objects.get(user__username="magpie"), by=ada)
""")
    ada = await visit("ada", "/rooms/landing/")
    await say(ada, "Where it begins")
    await say(ada, "@magpie what is new?")
    answer = ada.locator(".message[data-author=magpie]:not(.message--writing)")
    await expect(answer.get_by_role("button", name="Good answer", exact=True)).to_have_count(1, timeout=40_000)
    attic.shell("""
from rooms.models import Room, User
from rooms.services.messages import post_message
for number in range(1, 56):
    post_message(room=Room.objects.get(slug="landing"), author=User.objects.get(username="ada"), body=f"Step {number}")
""")
    first = await message(ada, "Where it begins").locator("time a").get_attribute("href")
    await ada.goto(str(first))
    await expect(answer.get_by_role("button", name="Good answer", exact=True)).to_be_visible()
    await ada.get_by_role("button", name="To the end").click()
    await expect(message(ada, "Step 55")).to_be_in_viewport()
    await answer.scroll_into_view_if_needed()
    await expect(answer.get_by_role("button", name="Good answer", exact=True)).to_be_visible()


async def test_what_bob_is_writing_beneath_an_answer_stays_under_his_hands(attic: Town, visit: Visit) -> None:
    attic.shell("""
from agents.models import Agent
from agents.services import change_conduct, seat_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room
ada, bob = (User.objects.get(username=name) for name in ("ada", "bob"))
room = create_room(creator=ada, name="The cellar", slug="cellar")
begin_membership(room=room, user=bob, role="member", by=ada)
for name in ("magpie", "dunnock"):
    seat_agent(room=room, agent=Agent.objects.get(user__username=name), by=ada)
change_conduct(room=room, by=ada, coordination="hierarchical", approves_plans=True)
""")
    ada, bob = await visit("ada", "/rooms/cellar/"), await visit("bob", "/rooms/cellar/")
    await say(bob, "@magpie @dunnock make room for the wine")
    exactly = bob.locator(".together__card textarea").first
    await exactly.fill("Move the coal first", timeout=40_000)
    await say(ada, "Never mind me")
    await ada.locator(".message[data-seq]", has_text="Never mind me").focus()
    await ada.keyboard.press(".")
    drawn_anew = bob.expect_response(lambda response: "/rooms/cellar/together?" in response.url)
    async with drawn_anew:
        await ada.get_by_role("button", name="Take back").click()
        await ada.get_by_role("dialog").get_by_role("button", name="Take back").click()
    answer = ada.locator(".message[data-kind=agent]").last
    await answer.focus()
    await ada.keyboard.press("e")
    await ada.get_by_role("button", name="Heart").click()
    await expect(bob.locator(".message[data-kind=agent] .reaction")).to_have_count(1)
    await expect(exactly).to_have_value("Move the coal first")
    await expect(exactly).to_be_focused()
