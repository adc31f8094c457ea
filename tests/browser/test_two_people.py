"""The first conversation, as two people see it."""

from __future__ import annotations

import re

from playwright.async_api import Page, expect

from .conftest import Visit

DEN = "/rooms/den/"


async def say(page: Page, words: str) -> None:
    await page.get_by_label("Message to").fill(words)
    await page.keyboard.press("Enter")


def message(page: Page, words: str):
    return page.locator(".message", has_text=words)


async def test_what_ada_says_bob_sees_and_nobody_sees_it_twice(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await say(ada, "The scones are **out**.")
    await expect(message(bob, "The scones are")).to_have_count(1)
    await expect(bob.locator(".message strong", has_text="out")).to_be_visible()
    await expect(message(ada, "The scones are")).to_have_count(1)
    await expect(ada.locator(".is-pending, .is-failed")).to_have_count(0)


async def test_bob_sees_that_ada_types_and_that_she_is_here(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await expect(bob.locator(".person.is-here", has_text="Ada")).to_be_visible()
    await ada.get_by_label("Message to").press_sequentially("Hm")
    await expect(bob.get_by_text("Ada is typing…")).to_be_visible()
    await ada.get_by_label("Message to").fill("")
    await ada.close()
    await expect(bob.locator(".person.is-here", has_text="Ada")).to_have_count(0)


async def test_a_mentioned_agent_writes_before_the_eyes_of_both(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await say(ada, "@rill what did we say about the kettle?")  # it takes ten seconds
    for page in (ada, bob):
        await expect(page.locator(".message--writing [data-text]")).to_have_text(re.compile(r"\S+ \S+ \S+"))
    early = await bob.locator(".message--writing [data-text]").text_content() or ""
    await expect(bob.locator(".message--writing [data-text]")).to_have_text(
        re.compile(re.escape(early.strip()) + r".+", re.DOTALL)
    )
    for page in (ada, bob):
        await expect(page.locator(".message--writing")).to_have_count(0, timeout=40_000)
    answers = [await page.locator(".message[data-author=rill] .message__body").last.inner_text() for page in (ada, bob)]
    assert answers[0] == answers[1] != ""


async def test_a_reload_in_the_middle_of_an_answer_goes_on_where_it_is(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await say(ada, "@brook and what about the cups?")  # it takes a minute
    writing = bob.locator(".message--writing [data-text]")
    await expect(writing).to_have_text(re.compile(r"(\S+ ){4}"))
    before = await writing.text_content() or ""
    await bob.reload()
    assert (await writing.text_content() or "").startswith(before)
    await ada.locator(".message--writing").get_by_role("button", name="Stop").click()
    await expect(bob.locator(".message--writing")).to_have_count(0, timeout=40_000)
    await expect(ada.locator(".message--writing")).to_have_count(0, timeout=40_000)
    shown = [await page.locator(".message[data-author=brook] .message__body").last.inner_text() for page in (ada, bob)]
    assert shown[0] == shown[1]


async def test_who_asked_can_stop_the_answer_and_somebody_else_cannot(visit: Visit) -> None:
    bob, mod, gus = await visit("bob", DEN), await visit("mod", DEN), await visit("gus", DEN)
    await say(bob, "@brook tell me everything about tea, please, and leave nothing out")  # it takes a minute
    stop = bob.locator(".message--writing").get_by_role("button", name="Stop")
    await expect(stop).to_be_visible()
    await expect(mod.locator(".message--writing").get_by_role("button", name="Stop")).to_be_visible()
    await expect(gus.locator(".message--writing")).to_be_visible()
    await expect(gus.locator(".message--writing").get_by_role("button", name="Stop")).to_be_hidden()
    await expect(bob.locator(".message--writing [data-text]")).to_have_text(re.compile(r"\S+"))
    await stop.click()
    stopped = bob.locator(".message--interrupted").last
    await expect(stopped).to_be_visible()
    await expect(stopped.get_by_role("button", name="Try again")).to_be_visible()
    await expect(stopped.locator(".message__body")).not_to_be_empty()


async def test_what_is_said_elsewhere_is_counted_at_once_and_read_by_looking(visit: Visit) -> None:
    bob = await visit("bob", "/rooms/archive/")
    ada = await visit("ada", DEN)
    link = bob.get_by_role("link", name=re.compile("^The den"))
    await expect(bob.locator(".side [data-room=archive] .count")).to_be_hidden()
    await say(ada, "One for the badge.")
    await expect(link.locator(".count")).to_be_visible()
    await link.click()
    await expect(message(bob, "One for the badge.")).to_be_visible()
    await expect(bob.locator(".side [data-room=den] .count")).to_be_hidden()
    await bob.goto("/rooms/archive/")
    await expect(bob.locator(".side [data-room=den] .count")).to_be_hidden()


async def test_an_edit_a_reaction_and_a_message_taken_back_reach_the_other(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await say(ada, "Tuesday at noon")
    await expect(message(bob, "Tuesday at noon")).to_be_visible()
    await ada.keyboard.press("ArrowUp")
    editor = ada.get_by_label("Edit your message")
    await expect(editor).to_have_value("Tuesday at noon")
    await editor.fill("Wednesday at noon")
    await ada.keyboard.press("Enter")
    edited = message(bob, "Wednesday at noon")
    await expect(edited).to_contain_text("edited")
    await edited.hover()
    await bob.get_by_role("button", name="React").click()
    await bob.get_by_role("button", name="Party").click()
    mark = message(ada, "Wednesday at noon").locator(".reaction")
    await expect(mark).to_have_attribute("aria-pressed", "false")
    await expect(edited.locator(".reaction")).to_have_attribute("aria-pressed", "true")
    await message(ada, "Wednesday at noon").hover()
    await ada.get_by_role("button", name="More").click()
    await ada.get_by_role("button", name="Take back").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Take back").click()
    await expect(bob.get_by_text("Taken back by Ada.").last).to_be_visible()
    await expect(bob.get_by_text("Wednesday at noon")).to_have_count(0)
