"""The only app that talks to models: who the agents are, their tasks and steps."""
