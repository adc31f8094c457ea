"""Talking to language models: a small port, a scripted backend for offline use, and LiteLLM for everything else."""
