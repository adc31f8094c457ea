"""The line breaks, bends and comes back. What was said arrives once; what was typed is not lost."""

from __future__ import annotations

import re
import signal

from playwright.async_api import Page, Route, WebSocketRoute, expect

from .conftest import Visit
from .test_two_people import DEN, message, say
from .town import Town

LIVE = "#room[data-line=live]"


async def test_offline_and_back(visit: Visit) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    await bob.context.set_offline(True)
    await expect(bob.get_by_text("No connection.")).to_be_visible()
    await say(ada, "Said while bob was in the tunnel")
    await say(bob, "Said in the tunnel")
    await expect(message(bob, "Said in the tunnel")).to_contain_text("Not sent yet")
    await bob.context.set_offline(False)
    for page in (ada, bob):
        await expect(message(page, "Said while bob was in the tunnel")).to_have_count(1)
        await expect(message(page, "Said in the tunnel")).to_have_count(1)
    await expect(bob.locator(".is-pending, .is-failed")).to_have_count(0)
    await expect(bob.get_by_text("No connection.")).to_be_hidden()


async def test_the_server_is_killed_and_comes_back(visit: Visit, town: Town) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    town.kill("web")
    try:
        await expect(ada.get_by_text("No connection.")).to_be_visible()
        await say(ada, "Written to nobody in particular")
        await expect(message(ada, "Written to nobody")).to_contain_text("Not sent yet")
    finally:
        town.start("web")
    for page in (ada, bob):
        await page.wait_for_selector(LIVE, timeout=40_000)
        await expect(message(page, "Written to nobody")).to_have_count(1)
    await expect(message(ada, "Written to nobody")).not_to_have_class(re.compile("is-pending|is-failed"))


async def test_what_could_not_be_sent_is_there_in_the_next_tab(visit: Visit) -> None:
    bob = await visit("bob", DEN)
    await bob.context.set_offline(True)
    await say(bob, "Kept in the pocket")
    await expect(message(bob, "Kept in the pocket")).to_contain_text("Not sent yet")
    context = bob.context
    await bob.close()
    await context.set_offline(False)
    later = await visit("bob", DEN)
    await expect(message(later, "Kept in the pocket")).to_have_count(1)
    await expect(later.locator(".is-pending, .is-failed")).to_have_count(0)
    await later.reload()
    await expect(message(later, "Kept in the pocket")).to_have_count(1)


async def test_without_sockets_there_is_an_event_stream_and_without_that_polling(visit: Visit) -> None:
    ada = await visit("ada", DEN)
    for transport in ("stream", "poll"):
        bob = await visit("bob", "/rooms/square/")
        await block(bob, streams_too=transport == "poll")
        await bob.goto(DEN)
        await expect(bob.locator(f'#room[data-line=live][data-transport="{transport}"]')).to_be_visible()
        await say(ada, f"Heard by {transport}")
        await expect(message(bob, f"Heard by {transport}")).to_have_count(1)
        await say(bob, f"Said by {transport}")
        await expect(message(ada, f"Said by {transport}")).to_have_count(1)
        await expect(message(bob, f"Said by {transport}")).to_have_count(1)
        await bob.close()


async def block(page: Page, *, streams_too: bool) -> None:
    async def shut(socket: WebSocketRoute) -> None:
        await socket.close()

    async def refuse(route: Route) -> None:
        if "text/event-stream" in (route.request.headers.get("accept") or ""):
            await route.abort()
        else:
            await route.continue_()

    await page.route_web_socket("**/ws/", shut)
    if streams_too:
        await page.route("**/events/**", refuse)


async def test_somebody_away_too_long_gets_the_page_anew(visit: Visit, town: Town) -> None:
    bob = await visit("bob", DEN)
    await bob.get_by_label("Message to").fill("half a thought")
    await bob.context.set_offline(True)
    await expect(bob.get_by_text("No connection.")).to_be_visible()
    town.shell(
        """
from rooms.models import Room, User
from rooms.services.messages import post_message
from django.db import transaction
den, ada = Room.objects.get(slug="den"), User.objects.get(username="ada")
with transaction.atomic():
    for number in range(1, 1012):
        post_message(room=den, author=ada, body=f"Missed {number}")
"""
    )
    await bob.context.set_offline(False)
    await expect(message(bob, "Missed 1011")).to_have_count(1)
    await expect(bob.get_by_label("Message to")).to_have_value("half a thought")
    assert await bob.locator(".message").count() < 200
    await say(bob, "Caught up")
    await expect(message(bob, "Caught up")).to_have_count(1)


async def test_a_removed_member_stops_hearing_and_keeps_their_words(visit: Visit, town: Town) -> None:
    ada, ivy = await visit("ada", DEN), await visit("ivy", DEN)
    await ivy.get_by_label("Message to").fill("I was about to say")
    await ada.goto("/rooms/den/members/")
    row = ada.locator(".sheet li", has_text="@ivy")
    await row.get_by_role("button", name="Remove").click()
    await ada.get_by_role("dialog").get_by_role("button", name="Remove").click()
    await expect(ivy.get_by_text("You are no longer a member of this room.")).to_be_visible()
    await expect(ivy.get_by_label("Message to")).to_have_value("I was about to say")
    await expect(ivy.get_by_role("button", name="Send")).to_be_disabled()
    await ada.goto(DEN)
    await say(ada, "Ivy has left the building")
    await expect(message(ada, "Ivy has left the building")).to_have_count(1)
    await expect(message(ivy, "Ivy has left the building")).to_have_count(0)
    response = await ivy.goto(DEN)
    assert response is not None
    assert response.status == 404


async def test_with_redis_stopped_the_talk_goes_on_and_the_page_says_so(visit: Visit, town: Town) -> None:
    ada, bob = await visit("ada", DEN), await visit("bob", DEN)
    redis = town.pair.redis.process
    redis.send_signal(signal.SIGSTOP)
    try:
        for page in (ada, bob):
            await expect(page.get_by_text("Running on the spare line")).to_be_visible()
        await say(ada, "Said on the spare line")
        await expect(message(bob, "Said on the spare line")).to_have_count(1)
        await bob.reload()
        await expect(message(bob, "Said on the spare line")).to_have_count(1)
    finally:
        redis.send_signal(signal.SIGCONT)
    for page in (ada, bob):
        await expect(page.get_by_text("Running on the spare line")).to_be_hidden()
