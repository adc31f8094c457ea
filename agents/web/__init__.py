"""Pages about agents: who sits in a room, and how they behave there."""
