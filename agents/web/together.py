"""What agents said to each other about an answer, folded under it; a plan that waits for people; their disputes.

The pieces are drawn here and put under their messages by `together.js`. Their forms work without it, on a page of
their own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from django.contrib import messages as notices
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from rooms import markup
from rooms.access import as_uuid, require, room_for
from rooms.errors import Invalid, NotFound
from rooms.models import User
from rooms.web.doors import PageRequest, page
from rooms.web.members import attempt

from .. import services
from ..access import ASK, dispute_for, needed_to_decide, run_for, runs_for
from ..inside.provenance import Provenance, stories_of, story_of
from ..models import Coordination, Dispute, Stance, Status, Step, Task
from ..services.plans import plan_held
from ..together.planning import Subtask
from ..together.work import UNDONE, Kind, agent_of, goes_on_after_tools, place
from ..tools.uses import Use, by_contribution, uses_of

MOST = 100
"""Runs asked for at once: as many messages as a page may have, and some."""
UNSEEN = "It is made of what you cannot see."


@dataclass(frozen=True, slots=True)
class Contribution:
    """One step as people see it. `html` is safe."""

    agent: User
    title: str
    html: str
    round: int
    failed: str
    again: bool
    score: int | None = None
    uses: Sequence[Use] = ()

    @property
    def tools(self) -> str:
        return ", ".join(dict.fromkeys(use.step.tool for use in self.uses))


@dataclass(frozen=True, slots=True)
class Panel:
    """What is folded under one answer, for one reader."""

    run: Task
    contributions: Sequence[Contribution]
    disputes: Sequence[Dispute]
    plan: Sequence[Subtask]
    routed: str
    may_decide: bool
    may_flip: bool

    @property
    def agents(self) -> list[User]:
        return list({one.agent.pk: one.agent for one in self.contributions if not one.failed}.values())

    @property
    def may_speak_again(self) -> bool:
        """Where somebody has decided otherwise than the answer says."""
        return self.may_flip and any(one.earlier for one in self.disputes)

    @property
    def is_empty(self) -> bool:
        return not (self.contributions or self.disputes or self.plan)


@require_GET
@page
def pieces(request: PageRequest, slug: str) -> HttpResponse:
    """For those of the runs that several agents worked on and this person may see, what is folded under the answer."""
    room = room_for(request.user, slug)
    wanted = [as_uuid(name) for name in request.GET.get("runs", "").split(",")[:MOST] if name]
    runs = runs_for(request.user, room).filter(pk__in=wanted).exclude(pattern=Coordination.SEPARATE)
    used = by_contribution(uses_of(request.user, room, [run.pk for run in runs]))
    panels = [panel_of(story, request.user, used) for story in stories_of(runs, room, request.user)]
    context = {"room": room, "panels": [one for one in panels if not one.is_empty]}
    return render(request, "agents/_together.html", context)


@require_GET
@page
def show(request: PageRequest, run_id: UUID) -> HttpResponse:
    """The same for one run, as a page."""
    run = run_for(request.user, run_id)
    return draw(request, run, panel_alone(request.user, run))


def panel_alone(user: User, run: Task) -> Panel:
    return panel_of(story_of(run, user), user, by_contribution(uses_of(user, run.room, [run.pk])))


def draw(request: PageRequest, run: Task, panel: Panel, status: int = 200) -> HttpResponse:
    context = {"room": run.room, "run": run, "panels": [panel], "is_page": True}
    return render(request, "agents/together.html", context, status=status)


def panel_of(story: Provenance, user: User, used: Mapping[UUID, Sequence[Use]]) -> Panel:
    run = story.task
    if run.is_recalled:
        return Panel(run, [], [], [], "", may_decide=False, may_flip=False)
    steps = sorted(run.steps.all(), key=place)
    held = plan_held(run) if any(step.held for step in steps) else []
    return Panel(
        run,
        [told(step, steps, used.get(step.pk, ()), story) for step in steps if is_told(step)],
        list(run.disputes.all()),
        held,
        next((step.input["routed"] for step in steps if step.input.get("routed")), ""),
        may_decide=bool(held) and user.has_perm(needed_to_decide(user, run), run.room),
        may_flip=not run.is_live and user.has_perm(ASK, run.room),
    )


def is_told(step: Step) -> bool:
    told = step.status in (Status.DONE, *UNDONE) and not (step.output.get("forgotten") or goes_on_after_tools(step))
    return told and step.kind == Kind.CONSULT


def told(step: Step, steps: Sequence[Step], uses: Sequence[Use], story: Provenance) -> Contribution:
    """What it said only for those who may read all that it read."""
    if story.shows_words_of(step):
        return contribution(step, steps, uses)
    return Contribution(agent_of(step).user, "", "", step.input.get("round", 0), UNSEEN, "redo" in step.input)


def contribution(step: Step, steps: Sequence[Step], uses: Sequence[Use]) -> Contribution:
    failed = "" if step.status == Status.DONE else step.output.get("failed") or "Could not contribute."
    judged = next((one for one in steps if one.input.get("of") == str(step.pk)), None)
    return Contribution(
        agent_of(step).user,
        step.title,
        markup.render(step.output.get("text", "")),
        step.input.get("round", 0),
        failed,
        "redo" in step.input,
        judged.output.get("score") if judged else None,
        uses,
    )


def shown(run: Task) -> str:
    """Where to go on: at the answer, if there is one."""
    if run.reply_id is None:
        return reverse("run_together", args=[run.pk])
    return reverse("message", args=[run.room.slug, run.reply_id])


@require_POST
@page
def decide(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Approve, refuse, or carry out a plan as the form has it now."""
    run = run_for(request.user, run_id)
    require(request.user, run.room, needed_to_decide(request.user, run))
    decision = request.POST.get("decision", "")
    if decision not in ("approve", "edit", "refuse"):
        raise Invalid(fields={"decision": ["approve, edit or refuse."]})
    rows = rows_in(request.POST)
    steps = steps_in(request.POST, kept(request.POST, rows)) if decision == "edit" else None
    done = attempt(request, lambda: services.decide_plan(run=run, by=request.user, decision=decision, steps=steps))
    panel = None if done or steps is None else panel_alone(request.user, run)
    if panel is None or not panel.may_decide:
        return redirect(shown(run))
    return draw(request, run, replace(panel, plan=typed(steps_in(request.POST, rows))), status=400)


def typed(steps: Sequence[dict[str, Any]]) -> list[Subtask]:
    """A plan as somebody wrote it that is none, for them to go on with: also what they left out."""
    return [Subtask(one["agent"], one["title"], one["instruction"], tuple(one["needs"])) for one in steps]


def rows_in(said: Mapping[str, Any]) -> list[str]:
    """The rows of the form, in the order that their numbers say."""
    rows = [name.removeprefix("agent-") for name in said if name.startswith("agent-")]
    return sorted(rows, key=lambda row: (number(said, f"order-{row}"), row))


def kept(said: Mapping[str, Any], rows: Sequence[str]) -> list[str]:
    return [row for row in rows if f"drop-{row}" not in said]


def steps_in(said: Mapping[str, Any], rows: Sequence[str]) -> list[dict[str, Any]]:
    """What stands in these rows; what they need goes with them."""
    places = {row: place for place, row in enumerate(rows, 1)}
    return [
        {
            "agent": said[f"agent-{row}"],
            "title": said.get(f"title-{row}", ""),
            "instruction": said.get(f"instruction-{row}", ""),
            "needs": [places[need] for need in said.get(f"needs-{row}", "").split(",") if need in places],
        }
        for row in rows
    ]


def number(said: Mapping[str, Any], name: str) -> int:
    value = str(said.get(name, ""))
    return int(value) if value.isascii() and value.isdigit() and len(value) < 4 else 0


@require_POST
@page
def again(request: PageRequest, run_id: UUID) -> HttpResponse:
    """Have it said once more, by the decisions as they stand now."""
    run = run_for(request.user, run_id)
    require(request.user, run.room, ASK)
    attempt(request, lambda: services.speak_again(run=run, by=request.user))
    return redirect("room", run.room.slug)


@require_POST
@page
def flip(request: PageRequest, dispute_id: UUID) -> HttpResponse:
    dispute = dispute_for(request.user, dispute_id)
    require(request.user, dispute.task.room, ASK)
    chosen, why = request.POST.get("chosen", ""), request.POST.get("why", "")
    if chosen not in Stance.values:
        raise NotFound
    if attempt(request, lambda: services.flip_dispute(dispute=dispute, by=request.user, chosen=chosen, why=why)):
        notices.success(request, f"Decided: {Stance(chosen).label.lower()}.")
    return redirect(shown(dispute.task))
