"""English words that say nothing about what a sentence is about."""

LINES = """
a about above across actually after again all almost along already also always am an and another answer any
anybody anyone anything are around as ask asked at away back be because been before behind being below beside
best better between big bit both bullet bullets but by call called came can cannot come could couple day days
did do does doing don't done down each either else enough even evening ever every everybody everyone everything
few fifth first for fourth from get gets give go goes going gone good got great had half has have having he
hello help her here hers hey hi him his hour hours how i i'd i'll i'm i've if in inside into is isn't it it's
its itself just keep kind know last least less let let's like list little long look lot made make makes many may
maybe me mean might mine minute minutes more morning most much must my myself name named need never new next no
nobody none nor not nothing now of off oh ok okay old on once one one's only or other our out outside over own
people perhaps please point put question quite rather really right said same say saying says second see seen she
should since small so some somebody someone something soon still such sure table take tell than thank thanks
that that's the their them then there there's these they thing things think third this those though thought time
to today told tomorrow tonight too two under until up upon us use used very want was way we we'll week weeks
well went were what what's when where whether which while who who's whole whom whose why will with without won't
would yes yesterday yet you you'd you'll you're your yours
"""
COMMON = frozenset(LINES.split())
