"""Only the public internet: forty ways to write an address that is not, names that turn, and pages that hurt."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpcore
import pytest

from agents.tools import ToolError
from agents.tools.addresses import is_public
from agents.tools.fetching import Page, Pinned, fetch
from agents.tools.web import text_of

FORMS = [
    "http://127.0.0.1/", "http://127.1/", "http://127.0.1/", "http://2130706433/", "http://0x7f000001/",
    "http://0x7f.1/",
    "http://017700000001/", "http://0177.0.0.1/", "http://0/", "http://0.0.0.0/", "http://localhost/",
    "http://LOCALHOST./",
    "http://[::1]/", "http://[::]/", "http://[0:0:0:0:0:0:0:1]/", "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::ffff:a9fe:a9fe]/", "http://[::127.0.0.1]/", "http://[64:ff9b::7f00:1]/", "http://[64:ff9b::a9fe:a9fe]/",
    "http://[64:ff9b:1::a00:1]/", "http://[2002:7f00:1::]/", "http://[2001::1]/", "http://[fe80::1]/",
    "http://[fe80::1%25lo]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://169.254.169.254/latest/meta-data/",
    "http://2852039166/", "http://0xa9fea9fe/", "http://192.0.0.192/", "http://100.100.100.200/", "http://10.0.0.1/",
    "http://172.16.0.1/", "http://192.168.1.1/", "http://198.18.0.1/", "http://224.0.0.1/", "http://255.255.255.255/",
    "http://127。0。0。1/", "http://①②⑦.⓪.⓪.①/", "http://ⓛocalhost/", "http://127.0.0.1:80/", "http://168.63.129.16/",
    "http://user@127.0.0.1/", "http://example.com@127.0.0.1/", "http://127.0.0.1#@example.com/",
    "http://127.0.0.1\\@example.com/", "http://example.com\\@127.0.0.1/", "http://127.0.0.1:5432/",
    "http://127.0.0.1:6379/",
    "http://example.com:22/", "ftp://example.com/", "file:///etc/passwd", "gopher://127.0.0.1/", "//127.0.0.1/", "/etc",
    "http:///etc/passwd", "http://", "", "javascript:alert(1)", "http://exa mple.com/", "data:,x",
    "http://127.0.0.1\t/",

    "http://127.0.0.1\r\nHost: x/", "https://[::1]:443/", "http://a" + ".a" * 1000,
    "http://%31%32%37.0.0.1/", "http://[::1",
]  # fmt: skip


@pytest.mark.parametrize("url", FORMS)
async def test_no_form_of_an_address_leads_inside(url: str) -> None:
    with pytest.raises(ToolError):
        await asyncio.wait_for(fetch(url), 10)


def test_the_list_is_of_what_is_public_and_not_what_python_takes_for_it() -> None:
    for address in ("192.0.0.192", "64:ff9b::1", "2002:7f00:1::", "fe80::1%eth0", "::ffff:10.0.0.1", "nonsense", ""):
        assert not is_public(address), address
    for address in ("93.184.215.14", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"):
        assert is_public(address), address


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """A name server of our own: each question to a name takes the next of its answers, and is counted."""
    answers: dict[str, list[list[str]]] = {}

    async def getaddrinfo(_: Any, host: Any, port: Any, **__: Any) -> list[Any]:
        name = host.decode() if isinstance(host, bytes) else host
        found = answers[name]
        addresses = found.pop(0) if len(found) > 1 else found[0]
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in addresses]

    monkeypatch.setattr(asyncio.base_events.BaseEventLoop, "getaddrinfo", getaddrinfo)
    return lambda name, *found: answers.update({name: [list(one) for one in found]})


class Recorded(Pinned):
    """Connects nowhere public: it writes down where it would, and leads to a server of the test."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.reached: list[str] = []
        outer = self

        class Below(httpcore.AnyIOBackend):
            async def connect_tcp(self, host: str, port: int, *args: Any, **facts: Any) -> httpcore.AsyncNetworkStream:
                outer.reached.append(f"{host}:{port}")
                return await super().connect_tcp("127.0.0.1", outer.port, *args, **facts)

        self.below = Below()


@asynccontextmanager
async def serving(*replies: bytes) -> AsyncIterator[tuple[Recorded, list[bytes]]]:
    asked: list[bytes] = []
    waiting = list(replies)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(waiting.pop(0))
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield Recorded(server.sockets[0].getsockname()[1]), asked


def page(body: bytes, type: str = "text/html; charset=utf-8", *more: str) -> bytes:
    lines = ["HTTP/1.1 200 OK", f"content-type: {type}", "connection: close", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def moved(to: str) -> bytes:
    return f"HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".encode()


async def test_what_is_connected_to_is_the_address_that_was_checked(names: Callable[..., None]) -> None:
    names("good.example", ["93.184.215.14"], ["127.0.0.1"])
    async with serving(page(b"<title>Hi</title><script>bad()</script><p>a &amp; b<p>c")) as (backend, asked):
        found = await fetch("http://good.example/path?q=1", backend)
    assert backend.reached == ["93.184.215.14:80"]
    assert text_of(found) == "Hi\n\na & b\nc"
    assert asked[0].startswith(b"GET /path?q=1 HTTP/1.1\r\n")
    assert b"host: good.example\r\n" in asked[0]


async def test_one_private_address_among_public_ones_is_enough_to_refuse(names: Callable[..., None]) -> None:
    names("mixed.example", ["93.184.215.14", "10.0.0.1"])
    async with serving() as (backend, asked):
        with pytest.raises(ToolError):
            await fetch("http://mixed.example/", backend)
    assert (backend.reached, asked) == ([], [])


@pytest.mark.parametrize(
    "to",
    [
        "http://169.254.169.254/",
        "http://turned.example/",
        "http://127.0.0.1:6379/",
        "file:///etc/passwd",
        "//[::1]/",
        "ftp://x/",
    ],
)
async def test_redirects_are_checked_like_the_first(names: Callable[..., None], to: str) -> None:
    names("good.example", ["93.184.215.14"])
    names("turned.example", ["192.168.0.1"])
    for inside in ("169.254.169.254", "127.0.0.1", "::1"):
        names(inside, [inside])
    async with serving(moved(to)) as (backend, asked):
        with pytest.raises(ToolError):
            await fetch("http://good.example/", backend)
    assert len(asked) == 1


async def test_a_name_that_turns_between_redirects_is_found_out(names: Callable[..., None]) -> None:
    names("rebound.example", ["93.184.215.14"], ["127.0.0.1"])
    async with serving(moved("http://rebound.example/again")) as (backend, asked):
        with pytest.raises(ToolError):
            await fetch("http://rebound.example/", backend)
    assert len(asked) == 1


async def test_redirects_end(names: Callable[..., None]) -> None:
    names("round.example", ["93.184.215.14"])
    async with serving(*[moved("/again")] * 5) as (backend, asked):
        with pytest.raises(ToolError, match="redirects"):
            await fetch("http://round.example/", backend)
    assert len(asked) == 4


async def test_pages_are_text_of_bounded_size_and_never_unpacked(names: Callable[..., None]) -> None:
    names("big.example", ["93.184.215.14"])
    async with serving(page(b"x" * 2_000_000, "text/plain")) as (backend, _):
        assert len((await fetch("http://big.example/", backend)).text) == 512 * 1024
    for reply in (
        page(b"\x1f\x8b", "text/html", "content-encoding: gzip"),
        page(b"\x89PNG", "image/png"),
        page(b"?", ""),
        b"nonsense\r\n\r\n",
        b"",
    ):
        async with serving(reply) as (backend, _):
            with pytest.raises(ToolError):
                await fetch("http://big.example/", backend)


def test_a_page_may_name_any_charset_and_nest_as_it_likes() -> None:
    assert text_of(Page("", 200, "text/html", "<div>" * 50_000 + "deep")) == "deep"
    assert text_of(Page("", 200, "text/html", "<script>never closed")) == ""
    assert text_of(Page("", 200, "text/plain", "<b>as it is")) == "<b>as it is"


HOSTILE = [
    "<a ", "<a/", "<!--", "<", "</", "<?", "<!", "<![x", '<a href="', "<script>", "<script", "</script", "<svg>", "&#",
    "&", "&abcdefghij", "<title>", "</titl", "<div>", "<p><b>", "<!DOCTYPE ", " ", "\n ", "<template>", "<a b=c",
]  # fmt: skip


@pytest.mark.parametrize("piece", HOSTILE)
def test_no_page_keeps_its_reader_busy(piece: str) -> None:
    """Half a megabyte each. With `html.parser` some of these took hours, in the event loop of all answers."""
    assert "the end" in text_of(Page("", 200, "text/html", f"<p>the end{piece * (512 * 1024 // len(piece))}"))


def test_a_page_is_read_as_a_person_would() -> None:
    page = "<HTML><head><TITLE>A &lt;b&gt;</title><style>p{}</style></head><!-- no --><body data-x=1><h1>B</h1>c<br/>d"
    assert text_of(Page("", 200, "text/html", page)) == "A <b>\n\nB\nc\nd"
    assert text_of(Page("", 200, "text/html", "<p>1 < 2 &amp; 3 > 2<p>&#x41;&#65;&#99999999999;&#xD800;")) == (
        "1 < 2 & 3 > 2\nAA\N{REPLACEMENT CHARACTER}\N{REPLACEMENT CHARACTER}"
    )
    assert text_of(Page("", 200, "text/html", f"<p>&#{'9' * 5000};!")) == "\N{REPLACEMENT CHARACTER}!"


@pytest.mark.parametrize("charset", ["punycode", "idna", "undefined", "unicode_escape", "utf-7", "hex", "..", "é", ""])
async def test_only_charsets_of_the_web_are_read(names: Callable[..., None], charset: str) -> None:
    names("odd.example", ["93.184.215.14"])
    body = "grün a-\\u0041-+AGE-".encode()
    async with serving(page(body, f"text/plain; charset={charset}")) as (backend, _):
        assert (await fetch("http://odd.example/", backend)).text == "grün a-\\u0041-+AGE-"
    async with serving(page("grün".encode("latin-1"), "text/plain; charset=ISO-8859-1")) as (backend, _):
        assert (await fetch("http://odd.example/", backend)).text == "grün"


async def test_a_page_that_moves_to_no_address_is_a_sentence(names: Callable[..., None]) -> None:
    names("good.example", ["93.184.215.14"])
    async with serving(moved("http://[")) as (backend, _):
        with pytest.raises(ToolError):
            await fetch("http://good.example/", backend)
