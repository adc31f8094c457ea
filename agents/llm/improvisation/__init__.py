"""What the scripted model says when nobody told it what to say."""

from agents.llm.improvisation.improviser import improvise

__all__ = ["improvise"]
