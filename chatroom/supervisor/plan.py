"""What `up` is going to do, and whether it can: what stops a start is found here and said in one sentence."""

from __future__ import annotations

import fcntl
import os
import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

import psutil
import psycopg
import redis

from chatroom.env import envbool, envint, envorigin, envstr, envurl
from chatroom.parts import BASE_DIR
from chatroom.services import Postgres, Redis, ServiceError

WILDCARDS = ("0.0.0.0", "::", "")  # noqa: S104  (asked for by whoever sets HOST)


def is_own(host: str) -> bool:
    """Nobody but this machine gets through to it."""
    return host in ("localhost", "::1") or host.startswith("127.")


@dataclass
class Plan:
    host: str
    port: int
    server: str
    demo: bool
    var: Path
    lock: IO[str]  # held as long as we live: one `up` for one set of data
    postgres: Postgres | None
    redis: Redis | None

    @property
    def address(self) -> str:
        host = "127.0.0.1" if self.host in WILDCARDS else self.host
        return os.environ.get("PUBLIC_URL") or f"http://{bracketed(host)}:{self.port}"

    @property
    def probe(self) -> str:
        """Where the web process itself answers, whatever stands in front of it."""
        return "127.0.0.1" if self.host in WILDCARDS else self.host


def make_plan() -> Plan:
    host, port = envstr("HOST", "127.0.0.1"), envint("PORT", 8000, at_least=1, at_most=65535)
    server = envstr("SERVER", "daphne")
    if server not in ("daphne", "uvicorn"):
        raise ServiceError(f"SERVER={server!r} is not known. It accepts daphne or uvicorn.")
    var = Path(envstr("CHATROOM_VAR", str(BASE_DIR / "var"))).resolve()
    check_writable(var)
    lock = check_alone(var)
    check_port(host, port)
    return Plan(
        host=host,
        port=port,
        server=server,
        demo=envbool("DEMO", default=True),
        var=var,
        lock=lock,
        postgres=None if given_postgres() else Postgres(var / "postgres"),
        redis=None if given_redis() else Redis(var / "redis"),
    )


def check_writable(var: Path) -> None:
    try:
        var.mkdir(parents=True, exist_ok=True)
        probe = var / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise ServiceError(
            f"{var} is not writable ({error.strerror}); set CHATROOM_VAR to a directory that is."
        ) from error


def check_alone(var: Path) -> IO[str]:
    lock = (var / "up.lock").open("a+")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.seek(0)
        raise ServiceError(f"It is already running here (process {lock.read().strip() or 'unknown'}).") from error
    lock.truncate(0)
    lock.write(str(os.getpid()))
    lock.flush()
    return lock


def check_port(host: str, port: int) -> None:
    try:
        family, kind, _, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise ServiceError(f"HOST={host!r} is not an address of this machine ({error.strerror}).") from error
    except OSError as error:
        reason = {98: "is taken", 48: "is taken", 13: "needs more rights"}.get(
            error.errno or 0, f"cannot be used ({error.strerror})"
        )
        raise ServiceError(f"Port {port} on {host} {reason}. Choose another: PORT={port + 1} make up") from error


def given_postgres() -> bool:
    """Whether DATABASE_URL names a server; then it has to answer."""
    if not os.environ.get("DATABASE_URL"):
        return False
    url = envurl("DATABASE_URL", schemes=("postgresql", "postgres"))
    try:
        with psycopg.connect(url.geturl(), connect_timeout=3) as connection:
            version = connection.info.server_version
    except psycopg.Error as error:
        raise ServiceError(f"The PostgreSQL of DATABASE_URL does not let us in: {first_line(error)}") from error
    if version < 150000:
        raise ServiceError(f"The PostgreSQL of DATABASE_URL is version {version // 10000}; it has to be 15 or newer.")
    return True


def given_redis() -> bool:
    if not os.environ.get("REDIS_URL"):
        return False
    url = envurl("REDIS_URL", schemes=("redis", "rediss", "unix"))
    try:
        redis.Redis.from_url(url.geturl(), socket_timeout=2, socket_connect_timeout=2).ping()
    except (redis.RedisError, OSError, ValueError) as error:
        raise ServiceError(f"The Redis of REDIS_URL does not answer: {first_line(error)}") from error
    return True


def first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0]


def environment(plan: Plan) -> dict[str, str]:
    """What the children are told. What the caller has set wins; what we made is in `var/env` for other terminals."""
    made = {"SECRET_KEY": secret_key(plan.var), **addresses(plan), "CHATROOM_VAR": str(plan.var)}
    if plan.postgres:
        made["DATABASE_URL"] = plan.postgres.url
    if plan.redis:
        made["REDIS_URL"] = plan.redis.url
    made = {name: value for name, value in made.items() if not os.environ.get(name)}
    keep_for_other_terminals(plan.var / "env", made)
    return {**os.environ, **made, "PYTHONUNBUFFERED": "1"}


def addresses(plan: Plan) -> dict[str, str]:
    """Names under which a browser on this machine, or one that was let in by HOST, may call us."""
    public = envorigin("PUBLIC_URL", plan.address)
    hosts = ["localhost", "127.0.0.1", "::1", urlsplit(public).hostname or ""]
    hosts += [socket.gethostname().lower(), *own_addresses()] if plan.host in WILDCARDS else [plan.host.lower()]
    names = [bracketed(host) for host in dict.fromkeys(hosts) if host]
    origins = [f"http://{name}:{plan.port}" for name in names]
    return {"PUBLIC_URL": public, "ALLOWED_HOSTS": ",".join(names), "CSRF_TRUSTED_ORIGINS": ",".join(origins)}


def own_addresses() -> list[str]:
    """Of all network cards: the machine's name often leads to 127.0.1.1 and no further. Without link-local ones."""
    cards = [card for cards in psutil.net_if_addrs().values() for card in cards]
    found = [card.address for card in cards if card.family in (socket.AF_INET, socket.AF_INET6)]
    return [address for address in found if "%" not in address]


def bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def secret_key(var: Path) -> str:
    """Made once, so that people stay signed in over a restart."""
    kept = var / "secret_key"
    if not kept.exists():
        write_private(kept, secrets.token_urlsafe(64))
    return kept.read_text().strip()


def keep_for_other_terminals(path: Path, made: dict[str, str]) -> None:
    lines = "".join(f"{name}={value}\n" for name, value in made.items() if name != "CHATROOM_VAR")
    write_private(
        path, f"# Written at each `manage.py up`, read by settings.py: what was made for this machine.\n{lines}"
    )


def write_private(path: Path, text: str) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    half.touch(mode=0o600)
    half.write_text(text)
    half.replace(path)
