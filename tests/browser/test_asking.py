"""Who answers one message, and how, chosen at the composer; what it may cost; and what keeps agents from answering."""

from __future__ import annotations

import re

import pytest
from playwright.async_api import Page, expect

from .conftest import Visit
from .test_attachments import CAT, choose, waiting
from .test_for_everybody import PHONE, assert_fine
from .test_two_people import say
from .town import Town

PANTRY = """
from agents.models import Agent, Conduct, Deployment, Route
from agents.services import create_agent, seat_agent
from rooms.models import User
from rooms.services.memberships import begin_membership
from rooms.services.rooms import create_room
ada, bob = (User.objects.get(username=name) for name in ("ada", "bob"))
room = create_room(creator=ada, name="The pantry", slug="pantry")
begin_membership(room=room, user=bob, role="member", by=ada)
for name in ("finch", "robin", "crane"):
    agent = create_agent(owner=ada, username=name, display_name=name.capitalize(), model="scripted:words-f200-i20-n12")
    seat_agent(room=room, agent=agent, by=ada)
Conduct.objects.update_or_create(room=room, defaults={"coordination": "sequential"})
"""
ROOM = "/rooms/pantry/"


@pytest.fixture(scope="module")
def pantry(town: Town) -> Town:
    town.shell(PANTRY)
    return town


def fold(page: Page):
    return page.locator("#asking > summary")


async def test_bob_chooses_with_the_keyboard_alone_and_sees_what_it_takes(pantry: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM)
    await expect(fold(bob)).to_contain_text("one after the other")
    await bob.get_by_label("Message to").fill("What goes with bread?")
    await expect(bob.locator("#cost")).to_have_text("")
    await bob.keyboard.press("Tab")
    await expect(fold(bob)).to_be_focused()
    await bob.keyboard.press("Enter")
    panel = bob.get_by_role("group", name="For this message")
    await expect(panel.get_by_label("As the room has it: one after the other")).to_be_checked()
    await bob.keyboard.press("Tab")
    for _ in range(3):
        await bob.keyboard.press("ArrowDown")
    await expect(panel.get_by_label("All at once, one speaks for them")).to_be_checked()
    for name in ("Finch", "Robin"):
        await panel.get_by_role("checkbox", name=name).press("Space")
    await expect(bob.locator("#cost")).to_contain_text("This takes 3 calls of models", timeout=10_000)
    await assert_fine(bob)
    await bob.keyboard.press("Escape")
    await expect(panel).to_be_hidden()
    await expect(fold(bob)).to_be_focused()
    await expect(fold(bob)).to_contain_text("all at once: Finch, Robin")
    await bob.get_by_label("Message to").press("Enter")
    await expect(bob.locator(".is-pending, .is-failed")).to_have_count(0)
    await expect(bob.get_by_text("2 agents contributed")).to_be_visible(timeout=30_000)
    await expect(bob.locator(".message[data-kind=agent]")).to_have_count(1)
    await expect(fold(bob), "it was for one message").to_contain_text("one after the other")
    await expect(bob.locator("#cost")).to_have_text("")


async def test_what_is_attached_is_counted_and_no_more_once_it_is_removed(pantry: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM)
    await bob.get_by_label("Message to").fill("@finch @robin look")
    await expect(bob.locator("#cost")).to_contain_text("This takes", timeout=10_000)
    plain = await bob.locator("#cost").inner_text()
    async with bob.expect_response("**/estimate/") as with_it:
        await choose(bob, CAT)
    answer = await with_it.value
    assert answer.ok
    assert '"attachments":["' in (answer.request.post_data or "")
    await expect(bob.locator("#cost")).not_to_have_text(plain)
    await waiting(bob, "cat.png").get_by_role("button", name="Remove cat.png").click()
    await expect(bob.locator("#cost")).to_have_text(plain, timeout=10_000)


async def test_without_scripts_a_button_tells_what_it_takes_and_the_form_sends_the_choice(
    pantry: Town, visit: Visit
) -> None:
    bob = await visit("bob", ROOM, java_script_enabled=False)
    await bob.get_by_label("Message to").fill("What goes with cheese?")
    await fold(bob).click()
    await bob.get_by_label("In rounds, until they agree").check()
    await bob.get_by_role("checkbox", name="Crane").check()
    await bob.get_by_role("checkbox", name="Robin").check()
    await bob.get_by_role("button", name="What would it cost?").click()
    await expect(bob.get_by_text("This takes 5 calls of models")).to_be_visible()
    await expect(bob.get_by_label("Message to")).to_have_value("What goes with cheese?")
    await expect(fold(bob)).to_contain_text("in rounds: Robin, Crane")
    await bob.get_by_role("button", name="Send").click()
    await expect(bob.locator(".message", has_text="What goes with cheese?")).to_have_count(1)
    kept = pantry.sql("SELECT coordination, agents FROM agents_wish ORDER BY message_id DESC LIMIT 1")
    assert kept == [("collaborative", ["robin", "crane"])] or kept == [("collaborative", ["crane", "robin"])]


async def test_it_fits_a_phone_in_the_dark(pantry: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM, viewport=PHONE, color_scheme="dark")
    await fold(bob).click()
    panel = bob.get_by_role("group", name="For this message")
    await expect(panel).to_be_in_viewport(ratio=1)
    await assert_fine(bob)
    assert await bob.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    await panel.get_by_role("checkbox", name="A plan waits until I approve it").check()
    await panel.get_by_role("button", name="As usual").click()
    await expect(panel.get_by_role("checkbox", name="A plan waits until I approve it")).not_to_be_checked()


async def test_a_pause_shows_on_an_open_page_with_who_and_why_and_goes_again(pantry: Town, visit: Visit) -> None:
    bob, ada = await visit("bob", ROOM), await visit("ada", f"{ROOM}agents/")
    now, beside = bob.locator("#agents-now"), bob.locator(".person[data-username=finch] .doing")
    await ada.get_by_label("Pause them all").fill("Too loud.")
    await ada.get_by_role("button", name="Pause all agents").click()
    await expect(now).to_have_text(re.compile(r"Agents have been paused here by @ada since \d\d:\d\d: Too loud\."))
    await expect(beside).to_have_text("paused by @ada: Too loud.")
    await assert_fine(bob)
    await ada.get_by_role("button", name="Let them answer again").click()
    await expect(now).to_have_text("")
    await expect(beside).to_have_count(0)


async def test_a_flag_shows_on_an_open_page_and_goes_again(pantry: Town, visit: Visit) -> None:
    bob = await visit("bob", ROOM)
    now = bob.locator("#agents-now")
    pantry.shell(
        "from waffle.models import Flag; Flag.objects.create(name='agent:robin', everyone=False, note='Moult.')"
    )
    await expect(now).to_have_text("Robin is switched off: Moult.")
    await expect(bob.locator(".person[data-username=robin] .doing")).to_have_text("switched off: Moult.")
    plain = await visit("bob", ROOM, java_script_enabled=False)
    await expect(plain.get_by_text("Robin is switched off: Moult.")).to_be_visible()
    pantry.shell("from waffle.models import Flag; Flag.objects.all().delete()")
    await expect(now).to_have_text("")


async def test_why_an_agent_fails_is_said_in_words_and_its_owner_sees_where(pantry: Town, visit: Visit) -> None:
    pantry.shell("""
from agents.models import Agent, Deployment, Route
route = Route.objects.create(name="far")
Deployment.objects.create(route=route, name="away", model="openai/none", base_url="http://127.0.0.1:9/v1")
agent = Agent.objects.get(user__username="crane")
agent.route = route
agent.save()
""")
    bob = await visit("bob", ROOM)
    await say(bob, "@crane are you there?")
    words = re.compile(r"Crane has been failing since \d\d:\d\d: its model cannot be reached")
    await expect(bob.locator("#agents-now")).to_have_text(words, timeout=40_000)
    await expect(bob.locator(".person[data-username=crane] .doing")).to_have_text(re.compile("^failing since "))
    await assert_fine(bob)
    ada = await visit("ada", "/agents/crane/")
    health = ada.get_by_role("region", name="How its model is")
    await expect(health.get_by_text("far/away")).to_be_visible()
    await expect(health.get_by_text("failing")).to_be_visible()
    assert "127.0.0.1:9" not in await ada.content()
    await assert_fine(ada)
