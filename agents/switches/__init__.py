"""Whether agents may begin anything: feature flags, a room's pause, an agent's own switch."""
