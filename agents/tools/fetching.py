"""Fetching one page of the public internet, by a client that can reach nothing else.

The check sits where the connection is made (`Pinned`), below every redirect, pool and parser: whatever an address looks
like, what is connected to has been checked. No proxy is used, no cookie kept, nothing sent that is not below.
"""

from __future__ import annotations

import re
import ssl
from dataclasses import dataclass
from urllib.parse import urljoin

import httpcore
import httpx

from .context import ToolError
from .pinning import Pinning

LARGEST = 512 * 1024
LONGEST = 2_000
REDIRECTS = 3
PORTS = {"http": 80, "https": 443}
MOVED = {301, 302, 303, 307, 308}
TEXTUAL = ("text/", "application/json", "application/xml", "application/xhtml+xml", "application/ld+json")
ENCODING = re.compile(
    r"utf-?8|utf-16(?:le|be)?|(?:us-)?ascii|latin-?1|iso-8859-\d{1,2}|(?:windows-|cp)\d{3,4}|koi8-[ru]|gb(?:2312|k|18030)|"
    r"big5|euc-(?:jp|kr)|shift[_-]jis|iso-2022-jp"
)
"""Those of the web. Python knows others, and for some of them (punycode) half a megabyte takes minutes."""
HEADERS = {
    "user-agent": "chatroom",
    "accept": "text/*, application/json, application/xml",
    "accept-encoding": "identity",
}


@dataclass(frozen=True, slots=True)
class Page:
    url: str
    status: int
    type: str
    text: str


class Pinned(Pinning, httpcore.AsyncNetworkBackend):
    below = httpcore.AnyIOBackend()


async def fetch(url: str, backend: httpcore.AsyncNetworkBackend | None = None) -> Page:
    """The page at an address, after three redirects at most, each checked like the first. Raises ToolError."""
    pool = httpcore.AsyncConnectionPool(
        ssl_context=ssl.create_default_context(), max_connections=1, network_backend=backend or Pinned()
    )
    async with pool:
        for _ in range(REDIRECTS + 1):
            place = checked(url)
            found = await get(pool, place)
            if isinstance(found, Page):
                return found
            url = moved(place, found)
    raise ToolError("There are too many redirects at that address.")


def moved(place: httpx.URL, to: str) -> str:
    try:
        return urljoin(str(place), to)
    except ValueError:
        raise ToolError("That page has moved to what is no address.") from None


def checked(url: str) -> httpx.URL:
    """An address in the one form we take: http or https, on its own port, without a name and password in it."""
    if len(url) > LONGEST or "\\" in url or any(character <= " " or character == "\x7f" for character in url):
        raise ToolError("That is no address of a web page.")
    try:
        place = httpx.URL(url)
    except (httpx.InvalidURL, ValueError, UnicodeError):
        raise ToolError("That is no address of a web page.") from None
    if place.scheme not in PORTS or not place.host:
        raise ToolError("Only addresses with http:// or https:// can be fetched.")
    if place.userinfo or (place.port or PORTS[place.scheme]) != PORTS[place.scheme]:
        raise ToolError("Only addresses without a port, a name or a password can be fetched.")
    return place


async def get(pool: httpcore.AsyncConnectionPool, place: httpx.URL) -> Page | str:
    """The page, or where it has moved to."""
    headers = {**HEADERS, "host": place.netloc.decode("ascii")}
    try:
        async with pool.stream("GET", core_url(place), headers=list(headers.items())) as response:
            told = {name.lower(): value for name, value in response.headers}
            if response.status in MOVED and b"location" in told:
                return told[b"location"].decode("latin-1")
            return Page(str(place), response.status, type_of(told), await text_of(response, told))
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException, OSError, ssl.SSLError):
        raise ToolError("That page could not be fetched.") from None


def core_url(place: httpx.URL) -> httpcore.URL:
    return httpcore.URL(
        scheme=place.raw_scheme, host=place.raw_host, port=PORTS[place.scheme], target=place.raw_path or b"/"
    )


def type_of(told: dict[bytes, bytes]) -> str:
    return told.get(b"content-type", b"").decode("latin-1").partition(";")[0].strip().lower()


async def text_of(response: httpcore.Response, told: dict[bytes, bytes]) -> str:
    """Up to 512 KiB of text. What comes compressed although we asked for it plain is not unpacked."""
    type = type_of(told)
    if not type.startswith(TEXTUAL) and not type.endswith(("+json", "+xml")):
        raise ToolError("That is no text.")
    if told.get(b"content-encoding", b"identity").strip().lower() not in (b"", b"identity"):
        raise ToolError("That page comes compressed only.")
    return decoded(await body_of(response), told)


async def body_of(response: httpcore.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_stream():
        body += chunk
        if len(body) >= LARGEST:
            break
    return bytes(body[:LARGEST])


def decoded(body: bytes, told: dict[bytes, bytes]) -> str:
    _, _, named = told.get(b"content-type", b"").decode("latin-1").lower().partition("charset=")
    name = named.split(";")[0].strip(" \"'")
    try:
        return body.decode(name if ENCODING.fullmatch(name) else "utf-8", "replace")
    except LookupError:
        return body.decode("utf-8", "replace")
