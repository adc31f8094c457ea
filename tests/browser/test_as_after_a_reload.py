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


async def test_what_the_composer_offers_comes_and_goes_with_the_agents(attic: Town, visit: Visit) -> None:
    bob = await visit("bob", "/rooms/attic/")
    await expect(fold(bob)).to_have_count(0)
    await bob.get_by_label("Message to").fill("What goes with @magpie and @dunnock?")
    do(attic, "attic", "seat_agent(room=room, agent=agent('magpie'), by=ada)")
    await expect(bob.get_by_text("or mention an agent by its name")).to_be_visible()
    do(attic, "attic", "seat_agent(room=room, agent=agent('dunnock'), by=ada)")
    await expect(fold(bob)).to_contain_text("each for itself")
    await expect(bob.locator("#cost")).to_contain_text("This takes 2 calls of models", timeout=10_000)
    await expect(bob.get_by_label("Message to")).to_have_value("What goes with @magpie and @dunnock?")

    await fold(bob).click()
    panel = bob.get_by_role("group", name="For this message")
    await panel.get_by_role("checkbox", name="Dunnock").check()
    do(attic, "attic", "change_conduct(room=room, by=ada, coordination='parallel', reviews=True)")
    await expect(fold(bob)).to_contain_text("all at once: Dunnock")
    await expect(panel.get_by_role("checkbox", name="Dunnock"), "what was chosen stays chosen").to_be_checked()
    await expect(panel.get_by_role("checkbox", name="Dunnock"), "and the focus where it is").to_be_focused()
    await expect(panel.get_by_text("always, here")).to_be_visible()

    do(attic, "attic", "unseat_agent(seat=Seat.objects.get(room=room, agent=agent('dunnock')), by=ada)")
    await expect(fold(bob)).to_have_count(0)
    await expect(bob.get_by_label("Message to")).to_have_value("What goes with @magpie and @dunnock?")


async def test_a_pause_shows_to_whoever_was_there_before_the_agents(attic: Town, visit: Visit) -> None:
    bob = await visit("bob", "/rooms/loft/")
    await expect(bob.locator("#agents-now")).to_have_count(0)
    do(attic, "loft", "seat_agent(room=room, agent=agent('magpie'), by=ada)")
    await expect(bob.locator("#agents-now")).to_have_count(1)
    ada = await visit("ada", "/rooms/loft/agents/")
    await ada.get_by_role("button", name="Pause all agents").click()
    await expect(bob.locator("#agents-now")).to_have_text(re.compile("Agents have been paused here by @ada"))
    do(attic, "loft", "seat_agent(room=room, agent=agent('dunnock'), by=ada)")
    beside = bob.locator(".person[data-username=dunnock]").locator(".doing, .sub").locator("visible=true")
    await expect(beside).to_have_text(re.compile("^paused by @ada"))


async def test_a_room_is_called_otherwise_everywhere_at_once(attic: Town, visit: Visit) -> None:
    bob = await visit("bob", "/rooms/garret/")
    do(attic, "garret", "change_room(room=room, by=ada, name='The dovecote', topic='Pigeons', visibility='public')")
    await expect(bob.get_by_role("heading", name="The dovecote").first).to_be_visible()
    await expect(bob.locator(".bar__topic")).to_have_text("Pigeons")
    await expect(bob).to_have_title("The dovecote · chatroom")
    await expect(bob.get_by_label("Message to The dovecote")).to_be_visible()
    await expect(bob.get_by_role("navigation").get_by_role("link", name="The dovecote")).to_be_visible()
    do(attic, "garret", "change_room(room=room, by=ada, topic='')")
    await expect(bob.locator(".bar__topic")).to_have_count(0)


async def test_who_becomes_a_moderator_may_moderate_at_once(attic: Town, visit: Visit) -> None:
    ada, bob = await visit("ada", "/rooms/attic/"), await visit("bob", "/rooms/attic/")
    await say(ada, "Mind the third step")

    async def open_menu() -> Locator:
        await message(bob, "Mind the third step").focus()
        await bob.keyboard.press(".")
        return bob.get_by_role("button", name="Remove for everyone")

    await expect(await open_menu()).to_have_count(0)
    await bob.keyboard.press("Escape")
    turned = bob.expect_response(lambda response: response.url.endswith("/rooms/attic/around"))
    async with turned:
        do(attic, "attic", "change_role(room=room, user=User.objects.get(username='bob'), role='moderator', by=ada)")
    await expect(bob.locator("#room[data-may*=moderate_message]")).to_have_count(1)
    await bob.get_by_label("Message to").focus()
    await expect(await open_menu()).to_be_visible()


async def test_who_joins_or_leaves_in_one_tab_has_done_it_in_the_other(attic: Town, visit: Visit) -> None:
    one, two = await visit("eve", "/rooms/balcony/"), await visit("eve", "/rooms/balcony/")
    await expect(one.get_by_text("You are reading along.")).to_be_visible()
    await two.get_by_role("button", name="Join Balcony").click()
    await one.get_by_label("Message to").fill("half a word")
    await two.goto("/rooms/balcony/settings/")
    await two.get_by_role("button", name="Leave").first.click()
    await two.get_by_role("dialog").get_by_role("button", name="Leave").click()
    await expect(one.get_by_text("You are reading along.")).to_be_visible()
    await expect(one.get_by_role("button", name="Send")).to_be_disabled()
    await expect(one.get_by_label("Message to")).to_have_value("half a word")


async def test_words_that_are_taken_back_are_gone_from_what_quotes_them(attic: Town, visit: Visit) -> None:
    ada, bob, mod = [await visit(name, "/rooms/attic/") for name in ("ada", "bob", "mod")]
    await say(ada, "The key is under the walrus")
    await message(mod, "under the walrus").focus()
    await mod.keyboard.press("r")
    await say(mod, "I will fetch it")
    await message(bob, "The key is under the walrus").first.focus()
    await bob.keyboard.press("r")
    await expect(bob.locator("[data-reply]")).to_contain_text("walrus")
    await ada.locator(".message.is-mine[data-seq]", has_text="walrus").focus()
    await ada.keyboard.press(".")
    await ada.get_by_role("button", name="Take back").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Take back").click()
    for page in (ada, bob, mod):
        await expect(message(page, "I will fetch it")).to_contain_text("a message that is no longer here")
        await expect(page.locator("#room").get_by_text("walrus")).to_have_count(0)
    await expect(bob.locator("[data-reply]")).to_be_hidden()


async def test_a_quote_says_what_was_said_in_the_end(attic: Town, visit: Visit) -> None:
    ada, bob = await visit("ada", "/rooms/attic/"), await visit("bob", "/rooms/attic/")
    await say(ada, "Bring four candles")
    await message(bob, "Bring four candles").focus()
    await bob.keyboard.press("r")
    await say(bob, "Will do so")
    await ada.get_by_label("Message to").focus()
    await ada.keyboard.press("ArrowUp")
    await ada.locator(".message__edit textarea").fill("Bring fork handles")
    await ada.locator(".message__edit").get_by_role("button", name="Save").click()
    await expect(message(bob, "Will do so")).to_contain_text("Bring fork handles")


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
