"""A real PostgreSQL and a real Redis of our own, for a first clone and for the tests. Nothing here needs Django."""

from .errors import ServiceError
from .postgres import Postgres
from .redis import Redis

__all__ = ["Postgres", "Redis", "ServiceError"]
