"""The upstream is a tool of other tests; this shows that it can be run alone and asked whole answers too."""

from __future__ import annotations

import json
import urllib.request

from tests.upstream.server import Upstream


def call(url: str, method: str = "GET", body: object = None) -> dict[str, object]:
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=5) as response:
        found: dict[str, object] = json.load(response)
        return found


def test_it_answers_whole_and_tells_other_processes_what_it_was_asked(upstream: Upstream) -> None:
    asked = {"model": "fine-n3", "messages": [{"role": "user", "content": "hi"}]}
    answer = call(f"{upstream.base}/chat/completions", "POST", asked)
    assert answer["choices"][0]["message"]["content"] == "word1 word2 word3 "  # type: ignore[index]
    root = upstream.base.removesuffix("/v1")
    told = call(f"{root}/_calls")["calls"]
    assert [(each["body"], each["outcome"]) for each in told] == [(asked, "done")]  # type: ignore[attr-defined]
    assert call(f"{root}/_calls", "DELETE")["calls"] == []
    assert {"id": "drip", "object": "model"} in call(f"{upstream.base}/models")["data"]  # type: ignore[operator]
