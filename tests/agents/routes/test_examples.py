"""The examples of docs/routes.md, each as it would leave: to which address, with which key, asking for which model."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agents.admin.routes import DeploymentForm
from agents.llm.port import Image, LLMError, Request, Turn, backend_for
from agents.models import Agent, Deployment, Route, Seat
from agents.routing import routes
from agents.routing.health import condition_now
from rooms import background
from rooms.models import Room, User
from tests.upstream.behaviours import BEHAVIOURS
from tests.upstream.server import Call, Upstream

from ..asking import answer_to, ask

pytestmark = pytest.mark.django_db(transaction=True)

DOCS = Path(__file__).parents[3] / "docs" / "routes.md"
CELL = r"(?:`([^`]+)`)?"
ROW = re.compile(rf"^\| ([^|`]+) \| {CELL} \| {CELL} ?\| {CELL} ?\| (.*?) ?\|$", re.MULTILINE)
FIELDS = ("model", "base_url", "key_variable", "more")
EXAMPLES = {name: dict(zip(FIELDS, row, strict=True)) for name, *row in ROW.findall(DOCS.read_text()) if row[0]}
KEY = "sk-example-0123456789"
PICTURE = Image("image/png", b"not really")


def test_every_provider_that_is_promised_has_an_example() -> None:
    names = ["SambaNova", "OpenAI", "Anthropic", "Azure", "Ollama", "vLLM", "any OpenAI-compatible server"]
    assert list(EXAMPLES) == names


def typed_in(name: str, fast: Route, **instead: Any) -> Deployment:
    """As somebody types the row into the console."""
    said = EXAMPLES[name]
    facts: dict[str, Any] = {
        "route": fast.pk,
        "name": "example",
        "lane": "auto",
        "weight": 1,
        "order": 0,
        "enabled": "on",
    }
    facts |= {field: said[field] for field in ("model", "base_url", "key_variable")}
    if version := re.search(r"`api_version`: `([^`]+)`", said["more"]):
        facts["api_version"] = version[1]
    if "prices" in said["more"]:
        price = "0" if "prices: 0" in said["more"] else "0.5"
        facts |= {"prompt_price": price, "completion_price": price}
    facts |= {"sees_images": "on"} if "sees images" in said["more"] else {}
    facts |= {"continues": "vllm"} if "continues: as vLLM" in said["more"] else {}
    facts |= {"lane": "direct"} if "lane: directly" in said["more"] else {}
    form = DeploymentForm(facts | instead)
    assert form.is_valid(), form.errors
    made: Deployment = form.save()
    return made


@pytest.fixture
def litellm(settings: Any) -> Iterator[None]:
    settings.LLM_BACKEND = routes.LITELLM
    background.run(backend_for(routes.LITELLM).warm(), 60)
    yield
    background.run(backend_for(routes.LITELLM).close(), 10)


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for example in EXAMPLES.values():
        if example["key_variable"]:
            monkeypatch.setenv(example["key_variable"], KEY)


def paths(name: str) -> tuple[str, str, dict[str, str]]:
    """Where it arrives, for which model, and the header that has the key."""
    model = EXAMPLES[name]["model"].partition("/")[2]
    match name:
        case "Anthropic":
            return "/v1/messages", model, {"x-api-key": KEY}
        case "Azure":
            path = f"/openai/deployments/{model}/chat/completions?api-version=2024-10-21"
            return path, model, {"api-key": KEY}
    key = KEY if EXAMPLES[name]["key_variable"] else "none"
    return "/v1/chat/completions", model, {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_room_is_answered_by_what_the_example_says(
    den: Room, ada: User, seat: Seat, fast: Route, upstream: Upstream, litellm: None, keys: None, name: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path, model, header = paths(name)
    if name != "Anthropic":
        monkeypatch.setitem(BEHAVIOURS, model, BEHAVIOURS["fine"])
    root = upstream.base.removesuffix("/v1")
    lane = {"lane": "litellm"} if name == "OpenAI" else {}  # which its own address would have it take
    made = typed_in(name, fast, base_url=root if name in ("Anthropic", "Azure") else upstream.base, **lane)
    Agent.objects.update(
        max_reply_tokens=77, parameters={"temperature": 0.5}, connect_seconds=5, first_token_seconds=20
    )
    answer = answer_to(ask(den, ada, "@echo?"))
    assert (answer.state, answer.body) == ("visible", "word1 word2 word3 word4 word5 "), answer.notice
    (call,) = upstream.calls
    assert (call.path, call.model) == (path, model)
    assert {head: call.headers.get(head) for head in header} == header
    assert (call.body["stream"], call.body["max_tokens"], call.body["temperature"]) == (True, 77, 0.5)
    assert "@echo?" in str(call.body["messages"][-1]["content"])
    assert KEY not in str(call.body)
    assert goes_directly(call) is (name not in ("OpenAI", "Anthropic", "Azure"))
    assert condition_now(Deployment.objects.select_related("route", "health").get(pk=made.pk)).state == "up"


def goes_directly(call: Call) -> bool:
    return "aiohttp" in call.headers.get("user-agent", "").lower() and "x-stainless-lang" not in call.headers


@pytest.mark.parametrize("name", ["OpenAI", "Anthropic"])
def test_who_sees_images_is_sent_them(
    fast: Route, upstream: Upstream, litellm: None, keys: None, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, model, _ = paths(name)
    if name != "Anthropic":
        monkeypatch.setitem(BEHAVIOURS, model, BEHAVIOURS["fine"])
    base = upstream.base.removesuffix("/v1") if name == "Anthropic" else upstream.base
    place = routes.candidate_of(typed_in(name, fast, base_url=base), REQUEST)
    background.run(all_of(place.backend.stream(place.request)), 30)
    (call,) = upstream.calls
    assert "bm90IHJlYWxseQ==" in str(call.body["messages"])


REQUEST = Request("x", (Turn("user", "What is this?", images=(PICTURE,)),), {"max_tokens": 5})


async def all_of(parts: Any) -> list[Any]:
    return [part async for part in parts]


class Proxy:
    """Hears to which host somebody wants to go, and lets nobody through."""

    def __init__(self) -> None:
        self.wanted: list[str] = []
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        threading.Thread(target=self.listen, daemon=True).start()

    def listen(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.wanted.append(connection.recv(4096).split(b" ")[1].decode())
            connection.sendall(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            connection.close()


@pytest.fixture
def proxy(monkeypatch: pytest.MonkeyPatch) -> Iterator[Proxy]:
    found = Proxy()
    for variable in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        monkeypatch.setenv(variable, found.url)
    for variable in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(variable, raising=False)
    yield found
    found.server.close()


HOSTS = {
    "SambaNova": "api.sambanova.ai:443",
    "OpenAI": "api.openai.com:443",
    "Anthropic": "api.anthropic.com:443",
    "Azure": "yours.openai.azure.com:443",
    "any OpenAI-compatible server": "models.example.org:443",
}


@pytest.mark.parametrize("name", HOSTS)
def test_each_goes_to_the_address_it_says_and_once(
    fast: Route, litellm: None, keys: None, proxy: Proxy, name: str
) -> None:
    background.run(backend_for(routes.LITELLM).close(), 10)  # connections that were made without the proxy
    place = routes.candidate_of(typed_in(name, fast), REQUEST)
    with pytest.raises(LLMError) as refused:
        background.run(all_of(place.backend.stream(place.request)), 30)
    assert [host.lower() for host in proxy.wanted] == [HOSTS[name]]
    assert KEY not in str(refused.value)
