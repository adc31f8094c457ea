"""The embedded PostgreSQL: its own data directory, its own socket, the programs out of a wheel."""

from __future__ import annotations

import hashlib
import os
import secrets
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import psutil
import psycopg

from .accounts import Account, account_for
from .binaries import SHARED, postgres_programs
from .errors import ServiceError
from .process import wait_for

USER = "chatroom"
SOCKET_PATH_LIMIT = 100  # the kernel allows 107 bytes on Linux and 103 on macOS

DURABLE = {"fsync": "on", "synchronous_commit": "on", "max_wal_size": "1GB"}
FLEETING = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}


class Postgres:
    """PostgreSQL 18 whose data lives in `home`. Answers on a socket of ours; on `port` with a password."""

    name = "postgres"
    stop_signal = signal.SIGINT  # "fast": ends the sessions, keeps every commit

    def __init__(
        self, home: Path, *, port: int | None = None, durable: bool = True, database: str = "chatroom"
    ) -> None:
        self.wanted_home = home
        self.port = port
        self.durable = durable
        self.database = database
        self.home = reachable_home(home)
        self.account = account_for(self.data)

    @property
    def remark(self) -> str:
        """What a person looking for the data has to know."""
        if self.home == self.wanted_home:
            return ""
        return f"its data is in {self.home}: the account {self.account.name} may not enter {self.wanted_home.parent}"

    @property
    def data(self) -> Path:
        return self.home / "data"

    @property
    def log(self) -> Path:
        return self.home / "postgres.log"

    @property
    def socket_directory(self) -> Path:
        short = len(os.fsencode(self.home / ".s.PGSQL.5432")) <= SOCKET_PATH_LIMIT
        if short and "," not in str(self.home):  # clients take a comma for the end of a host's name
            return self.home
        return Path("/tmp") / f"chatroom-{fingerprint(self.home)}"  # noqa: S108  (short, and ours alone: mode 0700)

    @property
    def url(self) -> str:
        return self.url_of(self.database)

    def url_of(self, database: str) -> str:
        return f"postgresql://{USER}@/{database}?host={quote(str(self.socket_directory))}&port={self.port or 5432}"

    @property
    def tcp_url(self) -> str:
        return f"postgresql://{USER}:{self.password}@127.0.0.1:{self.port}/{self.database}"

    @property
    def password(self) -> str:
        return (self.home / "password").read_text()

    def prepare(self) -> None:
        """Leave nothing of an earlier run in the way: half-made data, a server that was not ended, a log grown long."""
        self.programs = postgres_programs(self.account)
        self.account.take(self.home)
        take_socket_directory(self.account, self.socket_directory)
        if self.log.exists() and self.log.stat().st_size > 10_000_000:
            self.log.replace(self.log.with_suffix(".old"))
        if self.data.exists():
            self.check_version()
            self.end_leftover()
        else:
            self.make_data()

    def make_data(self) -> None:
        half = self.home / "data.making"
        shutil.rmtree(half, ignore_errors=True)
        password = self.home / "password"
        password.write_text(secrets.token_urlsafe(24))
        password.chmod(0o600)
        if not self.account.is_me:
            os.chown(password, self.account.uid, self.account.gid)
        options = ["--auth-local=trust", "--auth-host=scram-sha-256", f"--pwfile={password}", "--no-instructions"]
        locale = ["--encoding=UTF8", "--no-locale", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        sync = [] if self.durable else ["--no-sync"]
        self.run("initdb", "-D", str(half), "-U", USER, *options, *locale, *sync)
        half.rename(self.data)

    def check_version(self) -> None:
        mark = self.data / "PG_VERSION"
        found = mark.read_text().strip() if mark.exists() else "an unknown version"
        if found != "18":
            raise ServiceError(
                f"{self.data} was made by PostgreSQL {found}, this is 18: dump and restore it, or move it away."
            )

    def end_leftover(self) -> None:
        """A server that outlived its parent holds the data: end it. A pid file may also name somebody else by now."""
        mark = self.data / "postmaster.pid"
        pid = mark.read_text().partition("\n")[0] if mark.exists() else ""
        if not pid.isdigit() or not psutil.pid_exists(int(pid)):
            return  # PostgreSQL itself clears away what a dead server left
        if is_postgres(int(pid)):
            self.run("pg_ctl", "-D", str(self.data), "-m", "fast", "-t", "30", "-w", "stop", check=False)
        else:
            mark.unlink(missing_ok=True)  # after a reboot the number is another's; PostgreSQL would refuse to start

    def run(self, program: str, *arguments: str, check: bool = True) -> None:
        command = [str(self.programs / program), *arguments]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, env=clean_environment(), **self.account.popen()
        )
        if check and done.returncode:
            raise ServiceError(f"{program} failed: {' / '.join(done.stderr.strip().splitlines()[-3:])}")

    def command(self) -> list[str]:
        values = {
            "listen_addresses": "127.0.0.1" if self.port else "",
            "port": str(self.port or 5432),
            "unix_socket_directories": quoted(self.socket_directory),
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": "128MB",
            "jit": "off",
            **(DURABLE if self.durable else FLEETING),
        }
        return [
            str(self.programs / "postgres"),
            "-D",
            str(self.data),
            *(f"--{name}={value}" for name, value in values.items()),
        ]

    def popen(self) -> dict[str, object]:
        return {**self.account.popen(), "env": clean_environment()}

    def wait_until_ready(self, alive: Callable[[], bool]) -> None:
        wait_for(self.answers, alive, "PostgreSQL", self.log)
        self.make_database()

    def answers(self) -> bool:
        try:
            psycopg.connect(self.url_of("postgres"), connect_timeout=3).close()
        except psycopg.OperationalError:
            return False
        return True

    def make_database(self) -> None:
        with psycopg.connect(self.url_of("postgres"), autocommit=True) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [self.database]).fetchone():
                connection.execute(psycopg.sql.SQL("CREATE DATABASE {}").format(psycopg.sql.Identifier(self.database)))

    def remove(self) -> None:
        """The data too. For tests."""
        shutil.rmtree(self.home if self.home == self.wanted_home else self.home.parent, ignore_errors=True)
        if self.socket_directory != self.home:
            shutil.rmtree(self.socket_directory, ignore_errors=True)


def reachable_home(home: Path) -> Path:
    """The wanted place, or one below /var/lib when root's checkout is in a folder no other account can enter."""
    home.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() != 0 or account_for(home / "data").can_enter(home.parent):
        return home
    return SHARED / fingerprint(home) / home.name


def take_socket_directory(account: Account, directory: Path) -> None:
    account.take(directory)
    if directory.is_symlink() or directory.stat().st_uid != account.uid:
        raise ServiceError(f"{directory} belongs to somebody else: remove it.")


def is_postgres(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and "postgres" in process.name()
    except psutil.Error:
        return False


def quoted(directory: Path) -> str:
    """As one element of a list: PostgreSQL splits at commas."""
    return '"' + str(directory).replace('"', '""') + '"'


def fingerprint(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:12]


def clean_environment() -> dict[str, str]:
    """None of the caller's PG… variables; a locale that exists everywhere, which macOS insists on."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**kept, "LC_ALL": "C", "TZ": "UTC"}
