"""Connecting to the address that was checked: the half of a network backend that is the same for every HTTP client."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .addresses import resolved
from .context import ToolError


class Pinning:
    """To be put before the `AsyncNetworkBackend` of a client's library; `below` is that library's way to the network.

    The name stays for TLS and the Host header alone. Nothing but the public internet is reached.
    """

    below: Any

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> Any:
        return await self.below.connect_tcp(await resolved(host, port), port, timeout=timeout)

    async def connect_unix_socket(self, *args: Any, **kwargs: Any) -> Any:
        raise ToolError("Only the internet can be reached.")

    async def sleep(self, seconds: float) -> None:
        await self.below.sleep(seconds)
