"""The console of the agents: each module registers what it shows. Django finds them by importing this one."""

from . import agents, alarms, budgets, costs, feedback, routes, tools

__all__ = ["agents", "alarms", "budgets", "costs", "feedback", "routes", "tools"]
