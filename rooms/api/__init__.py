"""REST, under `/api/v1/`. Views parse, ask `rooms.access`, call one service and answer."""
