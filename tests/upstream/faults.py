"""The bad moods: what providers were seen to do instead of answering."""

import asyncio
import json
from typing import TYPE_CHECKING

from tests.upstream.behaviours import Pace, behaviour, event, speak, words

if TYPE_CHECKING:
    from tests.upstream.server import Call, Connection

HTML = "<!doctype html><html><head><title>Sign in</title></head><body>Please sign in to continue.</body></html>"
HUGE = 2 * 1024 * 1024


def error(message: str, kind: str, code: str | None = None) -> dict[str, dict[str, str | None]]:
    return {"error": {"message": message, "type": kind, "code": code, "param": None}}


@behaviour("429")
async def rate_limited(to: "Connection", call: "Call", pace: Pace) -> None:
    to.answer(error("Slow down.", "rate_limit_error"), "429 Too Many Requests", extra="Retry-After: 7\r\n")


@behaviour("500")
async def out_of_order(to: "Connection", call: "Call", pace: Pace) -> None:
    to.answer(error("The server had an error.", "server_error"), "500 Internal Server Error")


@behaviour("503")
async def overloaded(to: "Connection", call: "Call", pace: Pace) -> None:
    to.answer(error("Overloaded.", "server_error"), "503 Service Unavailable", extra="Retry-After: 11\r\n")


@behaviour("401")
async def unauthorized(to: "Connection", call: "Call", pace: Pace) -> None:
    """Like OpenAI, it repeats the key it was given in its answer."""
    key = call.headers.get("authorization", "").removeprefix("Bearer ")
    to.answer(
        error(f"Incorrect API key provided: {key}.", "invalid_request_error", "invalid_api_key"), "401 Unauthorized"
    )


@behaviour("400")
async def bad_request(to: "Connection", call: "Call", pace: Pace) -> None:
    to.answer(error("Unknown parameter: 'colour'.", "invalid_request_error"), "400 Bad Request")


@behaviour("unknown-model")
async def unknown_model(to: "Connection", call: "Call", pace: Pace) -> None:
    to.answer(
        error(f"The model '{call.model}' does not exist.", "invalid_request_error", "model_not_found"), "404 Not Found"
    )


@behaviour("malformed", Pace(count=2))
async def malformed(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await to.send(b'data: {"id": "chatcmpl-upstream", "choices": [{"index": 0, "delta": {"cont\n\n')
    await speak_on_and_end(to, call)


@behaviour("wrong-shape", Pace(count=2))
async def wrong_shape(to: "Connection", call: "Call", pace: Pace) -> None:
    """Valid JSON that is no chunk."""
    await speak(to, call, pace, words(pace.count))
    await to.send(b'data: {"choices": "none today"}\n\n')
    await speak_on_and_end(to, call)


async def speak_on_and_end(to: "Connection", call: "Call") -> None:
    await to.send(event(call, {"content": "as if nothing had happened"}))
    await to.send(event(call, {}, "stop") + b"data: [DONE]\n\n")
    to.end()


@behaviour("error-in-stream", Pace(count=2))
async def error_in_stream(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await to.send(b'data: {"error": {"message": "The server is overloaded.", "type": "server_error", "code": 503}}\n\n')
    await to.send(b"data: [DONE]\n\n")
    to.end()


@behaviour("busy-in-stream", Pace(count=2))
async def busy_in_stream(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await to.send(b'data: {"error": {"message": "Rate limit reached.", "type": "rate_limit_error", "code": 429}}\n\n')
    to.end()


@behaviour("key-in-stream", Pace(count=1))
async def key_in_stream(to: "Connection", call: "Call", pace: Pace) -> None:
    """An error object that repeats what it was sent, headers and all."""
    await speak(to, call, pace, words(pace.count))
    said = {"message": f"no quota for {call.headers['authorization']}", "type": "server_error"}
    await to.send(b"data: " + json.dumps({"error": said}).encode() + b"\n\n")
    to.end()


@behaviour("html")
async def html(to: "Connection", call: "Call", pace: Pace) -> None:
    """A sign-in page or a proxy's apology where the answer should be, with 200."""
    to.answer(HTML, kind="text/html")


@behaviour("empty")
async def empty(to: "Connection", call: "Call", pace: Pace) -> None:
    """A stream that ends well without having said anything."""
    to.start()
    await to.send(event(call, {"role": "assistant", "content": ""}))
    await to.send(event(call, {}, "stop") + b"data: [DONE]\n\n")
    to.end()


async def say_done(to: "Connection", call: "Call") -> None:
    to.start()
    await to.send(event(call, {"content": "done"}))
    await to.send(event(call, {}, "stop") + b"data: [DONE]\n\n")


@behaviour("late-end")
async def late_end(to: "Connection", call: "Call", pace: Pace) -> None:
    """The stream is done, its HTTP response ends in a packet of its own."""
    await say_done(to, call)
    await asyncio.sleep(0.05)
    to.end()


@behaviour("no-end")
async def no_end(to: "Connection", call: "Call", pace: Pace) -> None:
    """The stream is done, its HTTP response never ends."""
    await say_done(to, call)
    await asyncio.Event().wait()


@behaviour("nothing")
async def nothing(to: "Connection", call: "Call", pace: Pace) -> None:
    to.start()
    to.end()


@behaviour("eof", Pace(count=3))
async def eof(to: "Connection", call: "Call", pace: Pace) -> None:
    """The HTTP response ends well, the answer does not: no finish_reason, no [DONE]."""
    await speak(to, call, pace, words(pace.count))
    to.end()


@behaviour("reset", Pace(count=3))
async def reset(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, words(pace.count))
    await asyncio.sleep(0.1)  # a reset discards what the client's kernel has not yet handed over
    to.reset()


@behaviour("reset-at-once")
async def reset_at_once(to: "Connection", call: "Call", pace: Pace) -> None:
    to.reset()


@behaviour("cut", Pace(count=3))
async def cut(to: "Connection", call: "Call", pace: Pace) -> None:
    """The connection closes inside an HTTP chunk."""
    await speak(to, call, pace, words(pace.count))
    to.transport.write(b"400\r\ndata: ")
    to.transport.close()


@behaviour("huge-delta", Pace(count=2))
async def huge_delta(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, [*words(pace.count), "x" * HUGE])
    await speak_on_and_end(to, call)


@behaviour("endless")
async def endless(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, [])
    while True:
        call.chunks += 1
        await to.send(event(call, {"content": f"and then {call.chunks} "}))
        await asyncio.sleep(pace.interval)


@behaviour("repeating")
async def repeating(to: "Connection", call: "Call", pace: Pace) -> None:
    """A model caught in a loop: one chunk for ever."""
    await speak(to, call, pace, [])
    while True:
        call.chunks += 1
        await to.send(event(call, {"content": "again "}))
        await asyncio.sleep(pace.interval)


@behaviour("endless-line")
async def endless_line(to: "Connection", call: "Call", pace: Pace) -> None:
    """One event that never ends, so that no chunk is ever whole."""
    await speak(to, call, pace, [])
    await to.send(b'data: {"id": "chatcmpl-upstream", "choices": [{"index": 0, "delta": {"content": "')
    while True:
        call.chunks += 1
        await to.send(b"x" * 65536)
        await asyncio.sleep(pace.interval)


@behaviour("redirects")
async def redirects(to: "Connection", call: "Call", pace: Pace) -> None:
    """Elsewhere: this same server by another name, which counts as another to every client."""
    there = f"http://localhost:{to.transport.get_extra_info('sockname')[1]}{call.path}"
    to.answer("", "307 Temporary Redirect", extra=f"Location: {there}\r\n")


@behaviour("no-money")
async def no_money(to: "Connection", call: "Call", pace: Pace) -> None:
    said = error("You exceeded your current quota, please check your plan.", "insufficient_quota", "insufficient_quota")
    to.answer(said, "429 Too Many Requests")


@behaviour("endless-call")
async def endless_call(to: "Connection", call: "Call", pace: Pace) -> None:
    """The arguments of a tool that never end, in large pieces."""
    await speak(to, call, pace, [])
    while True:
        call.chunks += 1
        await to.send(
            event(call, {"tool_calls": [{"index": 0, "id": "c", "function": {"name": "add", "arguments": "x" * 999}}]})
        )
        await asyncio.sleep(pace.interval)


@behaviour("endless-calls")
async def endless_calls(to: "Connection", call: "Call", pace: Pace) -> None:
    """One call after another, all without arguments."""
    await speak(to, call, pace, [])
    while True:
        call.chunks += 1
        await to.send(event(call, {"tool_calls": [{"index": call.chunks, "id": "", "function": {"name": "a"}}]}))
        await asyncio.sleep(pace.interval)


@behaviour("call-of-no-texts")
async def call_of_no_texts(to: "Connection", call: "Call", pace: Pace) -> None:
    await speak(to, call, pace, [])
    await to.send(event(call, {"tool_calls": [{"index": 0, "id": 7, "function": {"name": 5, "arguments": {"a": 1}}}]}))
    await to.send(event(call, {}, "tool_calls") + b"data: [DONE]\n\n")
    to.end()


@behaviour("miscounted", Pace(count=2))
async def miscounted(to: "Connection", call: "Call", pace: Pace) -> None:
    """A good answer whose usage cannot be."""
    await speak(to, call, pace, words(pace.count))
    await to.send(event(call, {}, "stop"))
    took = {"prompt_tokens": -(10**9), "completion_tokens": 10**15, "total_tokens": 0}
    await to.send(event(call, None, usage=took) + b"data: [DONE]\n\n")
    to.end()
