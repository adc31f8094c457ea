"""The word that models say and nobody may ever see, whatever falls over meanwhile."""

from __future__ import annotations

import re

from agents.speaking.gates import Pattern

WORD = "canary"
forbidden = Pattern(WORD, re.compile(WORD + "[0-9]{0,4}"), 24, "[gone]")
