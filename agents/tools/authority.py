"""Who may have a tool used: requester ∩ agent ∩ room, asked at the moment it runs.

The requester is whom the agent answers; an agent never lends anybody the rights of its owner, nor its own.
"""

from __future__ import annotations

from rooms.access import role_allows
from rooms.backends import role_in
from rooms.models import Room, User
from rooms.roles import Role

from ..models import Agent, Seat, Task
from .registry import Tool

ASK = "rooms.ask_agent"


def may_ask(task: Task, role: str | None) -> bool:
    """The requester is there still, and may ask agents in this room. Without it the whole run stops. Costs no query for
    whom their `role` allows it."""
    who, room = task.requester, task.room
    return who is not None and (role_allows(who, room, role, ASK) or who.has_perm(ASK, room))


def objection(tool: Tool, task: Task) -> str:
    """Why this tool may not be used for this run, as a sentence; nothing when it may. All of it is read anew."""
    agent = Agent.objects.select_related("user").get(pk=task.agent_id)
    room = Room.objects.get(pk=task.room_id)
    requester = User.objects.filter(asked_tasks=task.pk).first()
    seat = seat_in(room, agent)
    if tool.name not in agent.tools or not agent.enabled or seat is None or tool.name in seat.tools_off:
        return f"{agent.user.username} has no tool «{tool.name}» here."
    if not agent.user.has_perm(tool.permission, room):
        return f"{agent.user.username} may not do this in this room."
    if requester is None or not (requester.has_perm(ASK, room) and requester.has_perm(tool.permission, room)):
        return "Whoever asked may not do this in this room."
    if not tool.guests and is_guest(requester, room):
        return f"«{tool.name}» is not for guests."
    return tool.off()


def seat_in(room: Room, agent: Agent) -> Seat | None:
    return Seat.objects.filter(agent=agent, room=room).first() if room.deleted_at is None else None


def is_guest(user: User, room: Room) -> bool:
    return user.kind == User.Kind.GUEST or role_in(user, room) == Role.GUEST
