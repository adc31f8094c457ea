"""A good answer in Anthropic's protocol."""

import json
from typing import TYPE_CHECKING, Any

from tests.upstream.behaviours import Pace, words

if TYPE_CHECKING:
    from tests.upstream.server import Call, Connection


async def anthropic(to: "Connection", call: "Call", pace: Pace) -> None:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": call.model, "content": []}
    said = words(pace.count)
    to.start()
    await tell(to, "message_start", message={**head, "usage": {"input_tokens": 14, "output_tokens": 1}})
    await tell(to, "content_block_start", index=0, content_block={"type": "text", "text": ""})
    for word in said:
        await tell(to, "content_block_delta", index=0, delta={"type": "text_delta", "text": word})
    await tell(to, "content_block_stop", index=0)
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    await tell(to, "message_delta", delta=end, usage={"output_tokens": len(said)})
    await tell(to, "message_stop")
    to.end()


async def tell(to: "Connection", kind: str, **facts: Any) -> None:
    await to.send(f"event: {kind}\ndata: {json.dumps({'type': kind, **facts})}\n\n".encode())
