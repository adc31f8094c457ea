"""People, rooms, membership, messages and the event log. The ground floor: it knows nobody above it."""
