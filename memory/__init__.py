"""What an agent may remember. It has its place in the tower and nothing else yet: no models, no handlers, no context.

Until it is built, an agent remembers what `agents.context.building.recent_messages` shows it and no more.
"""
