"""An agent is made beside a conversation with it; the registry's pages are fine for everybody."""

from __future__ import annotations

import pytest
from playwright.async_api import Page, expect

from .conftest import Visit
from .test_for_everybody import PHONE, assert_fine

PAGES = ["/agents/", "/agents/new/", "/agents/echo/", "/agents/echo/edit/", "/agents/echo/versions/", "/chat/"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES)
async def test_a_page_of_the_registry_is_fine(visit: Visit, path: str, scheme: str) -> None:
    page = await visit("ada", path, color_scheme=scheme)
    assert not await page.locator(".lost").count()
    await assert_fine(page)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_of_the_registry_fits_a_phone(visit: Visit, path: str) -> None:
    page = await visit("ada", path, viewport=PHONE)
    await assert_fine(page)
    assert await page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert await page.evaluate("document.querySelector('.main').scrollWidth") <= PHONE["width"]


async def ask(page: Page, question: str) -> None:
    await page.get_by_label("Message to").fill(question)
    await page.keyboard.press("Enter")


async def test_bob_makes_an_agent_while_he_talks_with_it(visit: Visit) -> None:
    page = await visit("bob", "/agents/new/")
    await page.get_by_label("Username").fill("owl")
    await page.get_by_label("Name optional", exact=True).fill("Owl")
    await page.get_by_label("Face").fill("🦉")
    await page.get_by_label("Greeting").fill("Who is there?")
    await page.get_by_role("button", name="Try it out").click()
    await page.wait_for_selector("#room[data-line=live]")
    await expect(page.get_by_text("Who is there?").last).to_be_visible()
    await ask(page, "What do you know of kettles?")
    answers = page.locator(".message[data-kind=agent]:not(.message--writing)")
    await expect(answers).to_have_count(2)
    await assert_fine(page)
    assert await page.get_by_label("Username").input_value() == "owl"

    await page.get_by_label("Who it is optional").fill("An owl of few words.")
    await expect(page.locator("#trial-state")).to_have_text("The form has changed since.")
    await page.get_by_role("button", name="Take over the form").click()
    await expect(page.locator("#trial-state")).to_have_text("It is as the form says now.")
    await expect(answers).to_have_count(2)
    await page.get_by_role("button", name="Make the agent").click()
    await expect(page.get_by_role("heading", name="Owl", exact=True)).to_be_visible()
    await expect(page.get_by_text("An owl of few words.")).to_be_visible()

    await page.get_by_role("button", name="New conversation").click()
    await page.wait_for_selector("#room[data-line=live]")
    await ask(page, "Hello again.")
    await expect(answers).to_have_count(2)
    await expect(page.get_by_role("navigation").get_by_role("link", name="Owl")).to_have_attribute(
        "aria-current", "page"
    )


async def test_back_and_reload_from_a_trial_send_nothing_again(visit: Visit) -> None:
    page = await visit("bob", "/agents/new/")
    await page.get_by_label("Username").fill("stork")
    await page.get_by_label("Greeting").fill("I bring things.")
    await page.get_by_role("button", name="Try it out").click()
    await page.wait_for_selector("#room[data-line=live]")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.url) if request.method == "POST" else None)
    await page.reload()
    await page.wait_for_selector("#room[data-line=live]")
    await expect(page.get_by_label("Username")).to_have_value("stork")
    await expect(page.locator(".message", has_text="I bring things.")).to_have_count(1)
    await page.go_back()
    await expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    await page.go_forward()
    await page.wait_for_selector("#room[data-line=live]")
    assert not [url for url in sent if url.endswith("/try")]


async def test_what_is_wrong_with_a_tried_form_is_said_on_the_page(visit: Visit) -> None:
    page = await visit("bob", "/agents/new/")
    await page.get_by_label("Face").fill("owl!")
    await page.get_by_role("button", name="Try it out").click()
    await expect(page.get_by_text("One emoji, or one or two letters.").last).to_be_visible()
    assert await page.get_by_label("Face").input_value() == "owl!"


async def test_a_form_that_comes_back_begins_where_it_is_wrong_also_beside_a_conversation(visit: Visit) -> None:
    page = await visit("bob", "/agents/new/")
    await page.get_by_label("Username").fill("wren")
    await page.get_by_role("button", name="Try it out").click()
    await page.wait_for_selector("#room[data-line=live]")
    await page.get_by_text("Tuning and limits").click()
    total = page.locator("[name=total_seconds]")
    await total.fill("9999")
    await page.locator("#agent-form").evaluate("form => form.noValidate = true")  # as a browser that checks nothing
    await page.get_by_role("button", name="Make the agent").click()
    await expect(total).to_be_focused()
    await expect(total).to_be_in_viewport()
    await expect(page.get_by_text("less than or equal to 230")).to_be_in_viewport()


async def test_the_first_answer_of_a_conversation_can_be_judged_at_once(visit: Visit) -> None:
    page = await visit("ivy", "/agents/echo/")
    await page.get_by_role("button", name="New conversation").click()
    await page.wait_for_selector("#room[data-line=live]")
    await ask(page, "Who are you?")
    answer = page.locator(".message[data-kind=agent]:not(.message--writing)")
    await expect(answer).to_have_count(1, timeout=40_000)
    await answer.get_by_role("button", name="Good answer", exact=True).click()
    await expect(answer.get_by_text("Thank you.")).to_be_visible()
    await answer.get_by_role("link", name="What was done for this", exact=True).click()
    await expect(page.get_by_role("heading", name="What Echo did")).to_be_visible()


async def test_a_conversation_is_deleted_and_brought_back(visit: Visit) -> None:
    page = await visit("eve", "/agents/echo/")
    await page.get_by_role("button", name="New conversation").click()
    await page.wait_for_selector("#room[data-line=live]")
    await page.goto("/chat/")
    await page.get_by_role("button", name="Delete the conversation with Echo").click()
    await page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    await page.get_by_role("button", name="Bring back").click()
    await page.wait_for_selector("#room[data-line=live]")
