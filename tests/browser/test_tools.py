"""An agent uses a tool, and asks before it does what cannot be undone."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from .conftest import Visit
from .test_for_everybody import PHONE, assert_fine
from .test_two_people import say
from .town import Town

STUDY = """
import json
from agents.services import create_agent, seat_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.messages import post_message
from rooms.services.rooms import create_room
ada, bob, ivy = (User.objects.get(username=name) for name in ("ada", "bob", "ivy"))
room = create_room(creator=ada, name="The study", slug="study")
for user in (bob, ivy):
    begin_membership(room=room, user=user, role="member", by=ada)
seq = post_message(room=room, author=bob, body="I never liked the tea here.").message["seq"]
models = {"keeper": ("withdraw_messages", {"numbers": [seq]}), "sum": ("calculator", {"expression": "6*7"})}
for name, (tool, arguments) in models.items():
    agent = create_agent(owner=ada, username=name, display_name=name.capitalize(),
                         tools=[tool], model=f"scripted:call {tool} {json.dumps(arguments)}")
    seat_agent(room=room, agent=agent, by=ada)
"""
ROOM = "/rooms/study/"


@pytest.fixture(scope="module")
def study(town: Town) -> Town:
    town.shell(STUDY)
    return town


async def test_what_a_tool_said_is_folded_beneath_the_answer_and_stays(study: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM)
    await say(bob, "@sum how much is it?")
    panel = bob.locator(".message[data-author=sum] .uses").last
    await expect(panel.get_by_text("Used 1 tool: calculator")).to_be_visible()
    await expect(bob.locator(".message--writing")).to_have_count(0)
    await panel.get_by_text("Used 1 tool").click()
    await expect(panel.get_by_text('"expression": "6*7"')).to_be_visible()
    await assert_fine(bob)
    await bob.reload()
    await expect(bob.locator(".message[data-author=sum] .uses").get_by_text("Used 1 tool: calculator")).to_be_visible()


async def test_a_card_outlives_a_restart_and_goes_when_somebody_has_decided(study: Town, visit: Visit) -> None:
    bob, ada, ivy = await visit("bob", ROOM), await visit("ada", ROOM), await visit("ivy", ROOM)
    await say(bob, "@keeper take that back")
    for page in (bob, ada, ivy):
        await expect(card(page)).to_be_visible()
        await expect(card(page).locator("pre")).to_contain_text('"numbers"')
    await expect(card(ivy).get_by_role("button")).to_have_count(0)
    await assert_fine(bob)
    for part in ("worker", "web"):
        study.kill(part)
        study.start(part)
    await bob.reload()
    await bob.wait_for_selector("#room[data-line=live]")
    await card(bob).get_by_role("button", name="Approve").click()
    for page in (bob, ada, ivy):
        await expect(page.get_by_text("Taken back by Bob.")).to_be_visible(timeout=40_000)
        await expect(card(page)).to_have_count(0)
    await expect(ivy.locator(".message--writing")).to_have_count(0)


async def test_it_fits_a_phone_and_a_refusal_ends_it(study: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM, viewport=PHONE, color_scheme="dark")
    await say(bob, "@keeper and again")
    await expect(card(bob)).to_be_visible()
    await assert_fine(bob)
    assert await bob.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await card(bob).get_by_role("button", name="Refuse").press("Enter")
    await expect(bob.locator(".message__notice", has_text="@bob did not approve")).to_be_visible()
    await expect(card(bob)).to_have_count(0)


def card(page: Page):
    return page.locator(".approval")


async def test_the_notepad_and_the_tools_of_a_seat_are_fine(study: Town, visit: Visit) -> None:
    ada = await visit("ada", "/rooms/study/notes/")
    await ada.get_by_role("textbox", name="Title").fill("Tea")
    await ada.get_by_role("textbox", name="Note").fill("It is in the blue tin.")
    await ada.get_by_role("button", name="Write it down").click()
    await expect(ada.get_by_role("heading", name="Tea")).to_be_visible()
    await ada.get_by_text("Change Tea").click()
    await assert_fine(ada)
    dark = await visit("ada", "/rooms/study/notes/", viewport=PHONE, color_scheme="dark")
    await assert_fine(dark)
    assert await dark.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await dark.goto("/rooms/study/agents/")
    await dark.get_by_text("Tools of Keeper here").click()
    await dark.get_by_label("withdraw_messages").uncheck()
    await assert_fine(dark)
    assert await dark.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await dark.get_by_role("button", name="Save the tools of Keeper").click()
    await dark.get_by_text("Tools of Keeper here").click()
    await expect(dark.get_by_label("withdraw_messages")).not_to_be_checked()
