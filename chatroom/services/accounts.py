"""Who runs PostgreSQL. It refuses to be root, so root lends it to an account without rights."""

from __future__ import annotations

import os
import pwd
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import ServiceError

CANDIDATES = ("postgres", "_postgres", "nobody")  # Debian's and macOS's names, then the one everybody has


@dataclass(frozen=True)
class Account:
    name: str
    uid: int
    gid: int

    @property
    def is_me(self) -> bool:
        return self.uid == os.geteuid()

    def popen(self) -> dict[str, Any]:
        """Arguments for `subprocess` that start a process as this account."""
        if self.is_me:
            return {"cwd": "/"}
        return {"cwd": "/", "user": self.uid, "group": self.gid, "extra_groups": []}

    def can_enter(self, directory: Path) -> bool:
        return self.manages(["/bin/sh", "-c", 'cd "$0"', str(directory)])

    def manages(self, command: list[str]) -> bool:
        try:
            done = subprocess.run(command, capture_output=True, timeout=30, check=False, **self.popen())
        except OSError:
            return False
        return done.returncode == 0

    def take(self, directory: Path) -> None:
        """Make a directory that belongs to this account and to nobody else."""
        directory.mkdir(parents=True, exist_ok=True, mode=0o755)
        if not self.is_me:
            os.chown(directory, self.uid, self.gid)
        directory.chmod(0o700)


def account_for(data: Path) -> Account:
    """The account that shall run the server whose data is, or will be, in this directory."""
    owner = data.stat().st_uid if data.exists() else None
    if os.geteuid() != 0:
        if owner not in (None, os.geteuid()):
            raise ServiceError(f"{data} belongs to {name_of(owner)}: start as that account (or root), or remove it.")
        return (
            described(pwd.getpwuid(os.geteuid())) if known(os.geteuid()) else Account("me", os.geteuid(), os.getegid())
        )
    if owner:
        return described(pwd.getpwuid(owner)) if known(owner) else Account(str(owner), owner, owner)
    return unprivileged()


def unprivileged() -> Account:
    for name in CANDIDATES:
        try:
            return described(pwd.getpwnam(name))
        except KeyError:
            continue
    raise ServiceError(f"PostgreSQL does not run as root and none of the accounts {', '.join(CANDIDATES)} exists here.")


def described(entry: pwd.struct_passwd) -> Account:
    return Account(entry.pw_name, entry.pw_uid, entry.pw_gid)


def known(uid: int) -> bool:
    return any(entry.pw_uid == uid for entry in pwd.getpwall())


def name_of(uid: int | None) -> str:
    return next((entry.pw_name for entry in pwd.getpwall() if entry.pw_uid == uid), str(uid))
