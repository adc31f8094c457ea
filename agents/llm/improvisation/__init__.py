"""What the scripted model says when nobody told it what to say."""

from agents.llm.improvisation.improviser import improvise as improvise_alone
from agents.llm.improvisation.together import work_in, work_on
from agents.llm.port import Request


def improvise(request: Request) -> str:
    """An answer, or a part of the work on which several agents are."""
    work = work_in(request)
    return improvise_alone(request) if work is None else work_on(request, work)


__all__ = ["improvise"]
