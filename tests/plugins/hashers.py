from __future__ import annotations

from django.contrib.auth.hashers import Argon2PasswordHasher


class QuickArgon2(Argon2PasswordHasher):
    """Argon2 that takes no time. Its hashes name their cost, so processes with the real hasher verify them too."""

    time_cost = 1
    memory_cost = 8
    parallelism = 1
