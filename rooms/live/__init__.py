"""The live doors: WebSocket, server-sent events and long-poll over one feed."""
