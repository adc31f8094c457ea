"""The house with a gate that reaches far and objects to nothing: what holding back costs. Settings of a worker."""

from __future__ import annotations

import re

from agents.speaking.gates import Pattern
from chatroom.settings import *  # noqa: F403

REACH = 64
far = Pattern("never", re.compile(r"(?i)\b(?:never said|nor written)[^<>]{0,50}\b"), reach=REACH)
REPLY_GATES = ["benchmarks.watched.far", "agents.speaking.gates.size"]
