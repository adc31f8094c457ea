"""What the scripted model says when several agents work together: its part, from what the room and the others said.

Like the rest of it this is found and quoted, never invented. Whoever is described as careful doubts one point of the
others, once, so that a house without a provider shows what a dispute is and how it is decided.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from agents.llm.improvisation import phrases
from agents.llm.improvisation.improviser import Improviser, said_by
from agents.llm.improvisation.transcript import scene_of
from agents.llm.port import Request

Work = dict[str, Any]
MOST = 6
HEARD = re.compile(r"^I have read [^.]*\. (?:That fits\. )?")
NAMED = re.compile(r"@[\w.-]+[,:]?\s*")


def work_in(request: Request) -> Work | None:
    """The object of the house after the conversation, if this is a part of several agents' work. Only tools come after
    it."""
    told = next((turn for turn in reversed(request.turns) if turn.role == "user"), None)
    if told is None or not told.content.startswith('{"work"'):
        return None
    found: Work = json.loads(told.content)["work"]
    return found


def work_on(request: Request, work: Work) -> str:
    last = max(number for number, turn in enumerate(request.turns) if turn.role == "user")
    alone = replace(request, turns=request.turns[:last])
    scene = scene_of(alone)
    scene = replace(scene, question=NAMED.sub("", scene.question))  # who else was asked is not what was asked
    improviser = Improviser(scene, f"{request.model}\n{len(alone.turns)}")
    return PARTS.get(work["kind"], speak)(improviser, work)


def contribute(me: Improviser, work: Work) -> str:
    """What I find myself; once others have spoken, where I stand on what they found."""
    others = [one for one in work.get("contributions", []) if one["from"] != me.scene.username]
    if not others:
        evidence = f"read in {phrases.messages(me.scene.messages)}"
        return fenced(me.answer(), [{"act": "share", "point": point_of(me), "evidence": evidence}])
    acts = stances(me, others)
    doubted = [act["point"] for act in acts if act["act"] == "disagree"]
    stands = [f"I would not build on this: {point}" for point in doubted] or ["That fits.", point_of(me)]
    return fenced(" ".join([f"I have read {phrases.joined([one['from'] for one in others])}.", *stands]), acts)


def fenced(text: str, acts: Sequence[Work]) -> str:
    return f"{text}\n\n```json\n{json.dumps({'acts': acts})}\n```"


def stances(me: Improviser, others: Sequence[Work]) -> list[Work]:
    """On each point once, whoever made it first."""
    found: dict[str, Work] = {}
    for other in others[:MOST]:
        found.setdefault(main_point(other), stance(me, other, first=not found))
    return list(found.values())


def point_of(me: Improviser) -> str:
    """Plain words: points are told as they are, without being drawn."""
    found = me.found(1)
    if not found:
        return f"Nothing was said about it in {phrases.messages(me.scene.messages)}."
    return said_by(found[0], "said").replace("**", "")


def stance(me: Improviser, other: Work, *, first: bool) -> Work:
    point = main_point(other)
    doubts = first and me.tone is phrases.CAREFUL and any(act["act"] == "share" for act in other.get("acts", []))
    if doubts:
        return {
            "act": "disagree",
            "to": other["from"],
            "point": point,
            "evidence": "It was said once, and nobody has confirmed it.",
        }
    return {"act": "agree", "to": other["from"], "point": point}


def main_point(other: Work) -> str:
    points = [act["point"] for act in other.get("acts", []) if act.get("point")]
    return str(points[0] if points else other.get("text", "")[:200] or "It was said here.")


def plan(me: Improviser, work: Work) -> str:
    """Everybody looks, and the last puts it in order."""
    names = [one["name"] for one in work.get("agents", [])][:MOST]
    about = phrases.joined(me.subject()) or "it"
    looks = [
        {"agent": name, "title": f"Look for {about}", "instruction": f"Find what was said about {about}."}
        for name in names
    ]
    order = {"agent": names[-1], "title": "Put it in order", "instruction": "Say what is settled and what is open."}
    return json.dumps({"subtasks": [*looks, {**order, "needs": list(range(1, len(looks) + 1))}]})


def review(me: Improviser, work: Work) -> str:
    return json.dumps({"score": 4, "points": ["Say who it was that said so."]})


def resolve(me: Improviser, work: Work) -> str:
    """By how many looked, for want of a mind: whoever has one decides by evidence."""
    decisions = [
        {"dispute": one["number"], "chosen": majority(one["positions"]), "why": "More of us read it so."}
        for one in work.get("disputes", [])
    ]
    return json.dumps({"decisions": decisions})


def majority(positions: Sequence[Work]) -> str:
    against = sum(side["stance"] == "disagree" for side in positions)
    return "disagree" if against * 2 > len(positions) else "agree"


def speak(me: Improviser, work: Work) -> str:
    """One answer from all contributions, and where they differed."""
    points = {one["from"]: own_point(one) for one in work.get("contributions", [])[:MOST]}
    told = "\n".join(f"- **{name}**: {point}" for name, point in points.items())
    parts = [f"{me.pick(me.tone.openings)} This is what we found together:", told]
    if disputes := work.get("disputes", []):
        parts.append("**Where we differed**\n" + "\n".join(map(differed, disputes)))
    return "\n\n".join(parts)


def own_point(one: Work) -> str:
    """What it found itself, on one line."""
    lines = [line.strip("-*# ") for line in str(one.get("text", "")).splitlines() if line.strip()]
    return HEARD.sub("", lines[0])[:300] if lines else "nothing more."


def differed(one: Work) -> str:
    sides = ", ".join(
        f"{side['agent']} {'holds it' if side['stance'] == 'agree' else 'does not'}"
        + (f" ({side['evidence']})" if side.get("evidence") else "")
        for side in one["positions"]
    )
    chosen = {"agree": "it holds", "disagree": "it does not hold"}.get(one.get("chosen", ""), "left open")
    by = f" by {one['decided_by']}" if one.get("decided_by") else ""
    return f"- {one['point']} — {sides}. Decided{by}: {chosen}."


PARTS: dict[str, Callable[[Improviser, Work], str]] = {
    "consult": contribute,
    "plan": plan,
    "review": review,
    "resolve": resolve,
}
