"""Somebody with a token, at either web process; whatever they are shown is looked through for what is not for them."""

from __future__ import annotations

import re
from typing import Any

import httpx

from .findings import Invariant
from .gate import WORD
from .town import WEBS, Town

ID = re.compile(r"[0-9a-f-]{36}")


class Person:
    """One pair of hands of somebody: ada has three, and all of them are ada."""

    def __init__(self, town: Town, who: str, hand: int = 0) -> None:
        self.town = town
        self.who = who
        self.rng = town.rng(f"{who} {hand}")
        self.mine: list[str] = []
        self.page: httpx.AsyncClient | None = None
        self.client = httpx.AsyncClient(
            timeout=30, headers={"Authorization": f"Bearer {town.house.secrets[who]}"}, follow_redirects=False
        )

    async def leave(self) -> None:
        await self.client.aclose()
        if self.page is not None:
            await self.page.aclose()

    def web(self) -> str:
        return self.rng.choice(WEBS)

    def url(self, path: str) -> str:
        return self.town.address(self.web()) + (path if path.startswith("/api/") else f"/api/v1{path}")

    async def call(self, method: str, path: str, what: str, body: Any = None) -> httpx.Response | None:
        """None where the connection was cut."""
        try:
            response = await self.client.request(method, self.url(path), json=body)
        except (httpx.HTTPError, OSError):
            self.town.findings.answered(what, "cut")
            return None
        self.town.findings.answered(what, response.status_code, response.text)
        self.look(response.text, path)
        return response

    async def post(self, path: str, what: str, body: Any = None) -> httpx.Response | None:
        return await self.call("POST", path, what, body)

    async def delete(self, path: str, what: str) -> httpx.Response | None:
        return await self.call("DELETE", path, what)

    async def get(self, path: str, what: str) -> Any:
        """What is there; None if it cannot be had."""
        response = await self.call("GET", path, what)
        return response.json() if response is not None and response.status_code == 200 else None

    def look(self, text: str, where: str) -> None:
        for mark, sent in self.town.said.leaks(text, self.who):
            self.town.findings.violated(Invariant.PRIVATE, self.who, where, mark, sent)
        if WORD in text and "/messages" in where:
            self.town.findings.violated(Invariant.FORBIDDEN, self.who, where)

    async def look_at_page(self, path: str) -> None:
        """As in a browser, once they have logged in there."""
        if self.page is None:
            return
        try:
            response = await self.page.get(self.town.address(self.web()) + path)
        except (httpx.HTTPError, OSError):
            return
        self.town.findings.answered("page " + ID.sub("ID", path), response.status_code, response.text)
        self.look(response.text, f"page {path}")

    # --- something to act on

    async def some_message(self, room: str) -> dict[str, Any] | None:
        return self.one_of(await self.get(f"/rooms/{room}/messages/?limit=15", "read"))

    async def some_run(self, room: str) -> dict[str, Any] | None:
        return self.one_of(await self.get(f"/rooms/{room}/runs/?limit=6", "runs"))

    def one_of(self, page: Any) -> dict[str, Any] | None:
        return self.rng.choice(page["results"]) if page and page["results"] else None
