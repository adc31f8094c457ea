"""The doors by which one message comes in: REST, a socket, a page.

Each says what came of it, and None where the message has to be said again.
"""

from __future__ import annotations

import re
from typing import Any

import httpx
import websockets

from .cast import PASSWORD
from .people import Person

UNANSWERED = (OSError, TimeoutError, websockets.WebSocketException, httpx.HTTPError)
CSRF = re.compile(r'csrfmiddlewaretoken" value="([^"]+)')
LOGIN = "/accounts/login/"

Message = dict[str, Any]


async def by_rest(person: Person, path: str, message: Message) -> object:
    response = await person.post(path, "post", message)
    if response is None or response.status_code == 503:
        return None
    if response.status_code in (200, 201):
        acknowledged(person, message["client_id"], response.json())
    return response.status_code


async def by_socket(person: Person, room: str, message: Message) -> object:
    ref = message["client_id"]
    try:
        async with person.town.house.socket(person.who, person.web()) as socket:
            await socket.say(type="message.post", ref=ref, room=room, **message)
            frame = await socket.hear_until(lambda heard: heard.get("ref") == ref, 20)
    except UNANSWERED:
        return None
    if frame["type"] == "error":
        person.town.findings.answered("socket post", frame["code"])
        return None if frame["code"] == "unavailable" else frame["code"]
    acknowledged(person, ref, frame["data"])
    return frame["type"]


async def by_page(person: Person, room: str, message: Message) -> object:
    """As a browser without scripts does it: who is sent on has posted."""
    try:
        page = person.page = person.page or await logged_in(person)
        if page is None:
            return None
        url = f"{person.town.address(person.web())}/rooms/{room}/messages/"
        response = await page.post(url, data={**message, "csrfmiddlewaretoken": page.cookies.get("csrftoken")})
    except UNANSWERED:
        return None
    person.town.findings.answered("page post", response.status_code, response.text)
    person.look(response.text, "page room")
    person.town.said.by_client_id[message["client_id"]].by_page |= response.status_code == 302
    return None if response.status_code == 503 else response.status_code


async def logged_in(person: Person) -> httpx.AsyncClient | None:
    page = httpx.AsyncClient(timeout=30, follow_redirects=False)
    url = person.town.address(person.web()) + LOGIN
    form = await page.get(url)
    person.town.findings.answered("login page", form.status_code, form.text)
    if not (token := CSRF.search(form.text)):
        return None
    given = {"login": person.who, "password": PASSWORD, "csrfmiddlewaretoken": token[1]}
    response = await page.post(url, data=given)
    person.town.findings.answered("login", response.status_code, response.text)
    return page if response.status_code == 302 else None


def acknowledged(person: Person, client_id: str, data: Message) -> None:
    person.town.said.acknowledged(client_id, data["id"])
    person.mine.append(data["id"])
