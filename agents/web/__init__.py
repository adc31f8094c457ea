"""Pages about agents: who they are, who sits in a room, how they behave there, and why they said what they said."""
