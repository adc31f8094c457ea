"""What agents are doing, as people see it; and when they speak, as owners set it."""

from __future__ import annotations

import re

from playwright.async_api import expect

from .conftest import Visit
from .test_for_everybody import assert_fine
from .test_two_people import DEN, say
from .town import Town


async def test_what_an_agent_does_stands_beside_it_and_above_the_composer(visit: Visit) -> None:
    bob, ada = await visit("bob", DEN), await visit("ada", DEN)
    await say(bob, "@brook tell us something long")
    line = ada.locator("#doing")
    await expect(line).to_have_text("Brook is writing…")
    await expect(line).to_have_attribute("aria-live", "polite")
    beside = ada.locator(".person[data-username=brook] .doing")
    await expect(beside).to_have_text("writing")
    late = await visit("mod", DEN)
    await expect(late.locator("#doing")).to_have_text(re.compile("^Brook is "))
    await assert_fine(late)
    await bob.locator(".message--writing").get_by_role("button", name="Stop").click()
    await expect(line).to_have_text("")
    await expect(beside).to_have_count(0)


async def test_a_paused_agent_stays_paused_whatever_is_asked_of_it(visit: Visit) -> None:
    bob, ada = await visit("bob", DEN), await visit("ada", f"{DEN}agents/")
    beside = bob.locator(".person[data-username=echo]").locator(".doing, .sub").locator("visible=true")
    await expect(beside).to_have_text("answers when mentioned")
    await ada.get_by_label("Pause them all").fill("We are eating")
    await ada.get_by_role("button", name="Pause all agents").click()
    await expect(beside).to_have_text("paused by @ada: We are eating")
    asked = bob.expect_response(lambda response: response.url.endswith("/api/v1/rooms/den/agents/"))
    async with asked:  # what ends the question is told, and looked after
        await say(bob, "@echo are you there?")
    await expect(beside).to_have_text("paused by @ada: We are eating")
    await ada.get_by_role("button", name="Let them answer again").click()
    await expect(beside).to_have_text("answers when mentioned")


async def test_an_owner_sets_keywords_and_a_schedule(visit: Visit) -> None:
    ada = await visit("ada", f"{DEN}agents/")
    await ada.get_by_text("Keywords and schedule of Echo").click()
    form = ada.locator("form", has=ada.locator("#when-echo-trigger"))
    await form.get_by_label("Answers").select_option("schedule")
    await form.get_by_label("Schedule").fill("at nine")
    await form.get_by_role("button", name="Save").click()
    await expect(ada.get_by_text("Five fields as for cron")).to_be_visible()
    await ada.get_by_text("Keywords and schedule of Echo").click()
    await form.get_by_label("Answers").select_option("schedule")
    await form.get_by_label("Schedule").fill("0 9 * * 1-5")
    await form.get_by_label("What it is to say then").fill("Say good morning.")
    await form.get_by_role("button", name="Save").click()
    await ada.get_by_text("Keywords and schedule of Echo").click()
    await expect(form.get_by_text("for @ada")).to_be_visible()
    await assert_fine(ada)
    await form.get_by_label("Answers").select_option("mention")
    await form.get_by_role("button", name="Save").click()


async def test_the_room_reads_in_one_line_why_agents_stopped(visit: Visit, town: Town) -> None:
    town.shell("""
from agents.triggers import energy
from agents.models import Bound
from rooms.models import Message, Room
root = Message.objects.filter(room__slug="den", author__username="bob").first()
energy.stop(root, Bound.TURNS)
energy.tell(root.pk)
""")
    bob = await visit("bob", DEN)
    line = bob.locator(".message[data-kind=system]")
    await expect(line).to_contain_text("The agents stop here: in this room one message may set 30 turns going.")
    await assert_fine(bob)
