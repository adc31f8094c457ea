"""What an agent is, as values, and how agents are found."""
