"""Settings from the environment, read once and loudly: a bad value stops the start and names its variable."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

WEAK = ("changeme", "change-me", "insecure", "secret-key", "your-secret", "password", "example")


class SettingError(ImproperlyConfigured):
    """One sentence for the person at the keyboard: which variable, and what it accepts."""


def read_file(path: Path) -> None:
    """Take `NAME=value` lines as if they stood in the environment; what already stands there wins."""
    if not path.is_file():
        return
    for line in path.read_text().splitlines():
        name, found, value = line.partition("=")
        if found and not name.startswith("#"):
            os.environ.setdefault(name.strip(), value)


def envstr(name: str, default: str | None = None) -> str:
    value = os.environ.get(name, "")
    if value:
        return value
    if default is None:
        raise SettingError(f"{name} is not set. It is required here.")
    return default


def envbool(name: str, default: bool) -> bool:
    value = os.environ.get(name, "")
    if not value:
        return default
    if value.lower() in ("1", "true", "yes", "on"):
        return True
    if value.lower() in ("0", "false", "no", "off"):
        return False
    raise SettingError(f"{name}={value!r} is neither yes nor no. It accepts 1/true/yes/on or 0/false/no/off.")


def envint(name: str, default: int, *, at_least: int = 0, at_most: int = 2**31 - 1) -> int:
    value = os.environ.get(name, "")
    if not value:
        return default
    if not re.fullmatch(r"-?[0-9]{1,12}", value) or not at_least <= int(value) <= at_most:
        raise SettingError(f"{name}={value!r} will not do. It accepts a whole number from {at_least} to {at_most}.")
    return int(value)


def envlist(name: str, default: list[str] | None = None) -> list[str]:
    """Parts between commas. An empty variable counts as not set."""
    value = os.environ.get(name, "")
    if not value:
        if default is None:
            raise SettingError(f"{name} is not set. It accepts one or more values separated by commas.")
        return list(default)
    return [part.strip() for part in value.split(",") if part.strip()]


def envsecret(name: str, default: str | None = None) -> str:
    """A secret good enough for production. The default, where one is given, is for a laptop and is not judged."""
    value = os.environ.get(name, "")
    if not value and default is not None:
        return default
    if not value:
        raise SettingError(f"{name} is not set. It accepts at least 50 random characters.")
    if default is None and (len(value) < 50 or len(set(value)) < 10 or any(word in value.lower() for word in WEAK)):
        raise SettingError(f"{name} is too weak. It accepts at least 50 random characters.")
    return value


def envsecrets(name: str, default: list[str]) -> list[str]:
    """Several between commas, each as good as `envsecret` wants one."""
    found = envlist(name, default)
    if os.environ.get(name, "") and any(len(value) < 50 or len(set(value)) < 10 for value in found):
        raise SettingError(f"{name} is too weak. It accepts at least 50 random characters, or several such, by commas.")
    return found


def envurl(name: str, default: str | None = None, *, schemes: tuple[str, ...]) -> SplitResult:
    value = envstr(name, default)
    accepted = ", ".join(f"{scheme}://…" for scheme in schemes)
    try:
        url = urlsplit(value)
        url.port  # noqa: B018  (reading it is what checks it)
    except ValueError as error:
        raise SettingError(f"{name} is not an address ({error}). It accepts {accepted}.") from error
    if url.scheme not in schemes:
        raise SettingError(f"{name} does not start with a known scheme. It accepts {accepted}.")
    return url


def envorigin(name: str, default: str | None = None) -> str:
    """`scheme://host[:port]` and nothing more, as a browser writes it in `Origin`."""
    url = envurl(name, default, schemes=("http", "https"))
    if not url.hostname or url.path not in ("", "/") or url.query or url.fragment or url.username:
        raise SettingError(f"{name} accepts an origin alone, like https://chat.example.org or http://127.0.0.1:8000.")
    return f"{url.scheme}://{url.netloc}".lower()


def envdatabase(name: str, default: str | None = None) -> dict[str, Any]:
    """A PostgreSQL address as Django's parts. A socket directory may be given as `?host=/directory`."""
    url = envurl(name, default, schemes=("postgresql", "postgres"))
    options = dict(parse_qsl(url.query))
    database = unquote(url.path.lstrip("/"))
    if not database:
        raise SettingError(f"{name} names no database. It accepts postgresql://user:password@host:port/database.")
    return {
        "NAME": database,
        "USER": unquote(url.username or options.pop("user", "")),
        "PASSWORD": unquote(url.password or ""),
        "HOST": unquote(url.hostname or "") or options.pop("host", ""),
        "PORT": str(url.port or options.pop("port", "")),
        "OPTIONS": options,
    }
