from __future__ import annotations


class ServiceError(Exception):
    """One sentence for the person at the keyboard."""
