"""REST: the registry, the seats of a room, and runs."""
