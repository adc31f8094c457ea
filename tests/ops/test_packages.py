"""What is installed is what was meant: no version below its floor, nothing that runs uninvited, no call home."""

from __future__ import annotations

import re
import subprocess
import sys
import sysconfig
from importlib.metadata import version
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

from tests.waiting import A_START

ROOT = Path(__file__).resolve().parent.parent.parent

# Below these are known holes or faults. Asserted offline: an audit against an index without advisories says "none".
FLOORS = {
    "Django": "5.2.19",
    "daphne": "4.2.3",
    "channels": "4.3.2",
    "channels-redis": "4.3.0",
    "redis": "7.1.0",
    "djangorestframework": "3.18.3",
    "celery": "5.7.0",
    "kombu": "5.7.0",
    "django-allauth": "65.21.1",
    "django-guardian": "3.5.2",
    "litellm": "1.83.7",
    "cryptography": "50.0.2",
    "nh3": "0.3.7",
    "markdown-it-py": "4.3.0",
    "psycopg": "3.3.9",
    "aiohttp": "3.14.5",
    "Twisted": "26.10.0",
    "autobahn": "26.10.2",
    "urllib3": "2.8.0",
    "h2": "4.4.1",
    "uvicorn": "0.54.0",
}
MALICIOUS = {"litellm": {"1.82.7", "1.82.8"}}
ONLY_WHEN_INSTALLED = {"PyJWT": "2.15.1", "oauthlib": "4.0.1"}


def locked(name: str) -> dict[str, tuple[str, str]]:
    """Name → (version, the rest of its entry) of a compiled requirements file."""
    text = (ROOT / name).read_text()
    entries = re.split(r"^(?=[A-Za-z0-9])", text, flags=re.MULTILINE)
    found = (re.match(r"([A-Za-z0-9_.-]+)(?:\[[^]]*\])?==([^\s;\\]+)(.*)", entry, re.DOTALL) for entry in entries)
    return {canonicalize_name(match[1]): (match[2], match[3]) for match in found if match}


def wanted(name: str) -> list[Requirement]:
    lines = (line.partition("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-r")]


@pytest.mark.parametrize(("package", "floor"), FLOORS.items())
def test_no_package_is_below_its_floor(package, floor):
    assert Version(version(package)) >= Version(floor)
    assert version(package) not in MALICIOUS.get(package, set())


@pytest.mark.parametrize(("package", "floor"), {**FLOORS, **ONLY_WHEN_INSTALLED}.items())
@pytest.mark.parametrize("file", ["requirements.txt", "requirements-dev.txt"])
def test_no_lock_file_names_a_version_below_its_floor(file, package, floor):
    pins = locked(file)
    if package in ONLY_WHEN_INSTALLED and canonicalize_name(package) not in pins:
        return
    assert Version(pins[canonicalize_name(package)][0]) >= Version(floor)


@pytest.mark.parametrize("name", ["requirements", "requirements-dev"])
def test_the_lock_file_answers_what_is_asked_for_and_every_entry_has_a_hash(name):
    pins = locked(f"{name}.txt")
    for requirement in wanted(f"{name}.in"):
        pin = pins.get(canonicalize_name(requirement.name))
        assert pin, f"{requirement.name} is not in {name}.txt: run `make lock`"
        assert requirement.specifier.contains(pin[0], prereleases=True), f"{requirement} but {pin[0]}: run `make lock`"
    assert all("--hash=sha256:" in rest for _, rest in pins.values())


def test_tests_run_on_the_versions_that_are_shipped():
    shipped, tested = locked("requirements.txt"), locked("requirements-dev.txt")
    assert {name: pin[0] for name, pin in shipped.items()} == {name: tested[name][0] for name in shipped}


def test_nothing_runs_uninvited_when_python_starts():
    """A .pth file with an `import` line is run by every Python of the environment: how malicious packages got in."""
    site_packages = {Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")}
    found = {path.name for folder in site_packages for path in folder.glob("*.pth")}
    assert found <= {"distutils-precedence.pth"}
    assert not any(
        (folder / f"{name}.py").exists() for folder in site_packages for name in ("sitecustomize", "usercustomize")
    )


CALLS_HOME = """
import sys
def watch(event, arguments):
    if event == "socket.getaddrinfo" or (event == "socket.connect" and isinstance(arguments[1], tuple)):
        raise SystemExit(f"reaches for the network while it is imported: {event} {arguments[1:]}")
sys.addaudithook(watch)
import django
django.setup()
import importlib, pkgutil
for app in ("chatroom", "governance", "memory", "agents", "rooms"):
    package = importlib.import_module(app)
    for module in pkgutil.walk_packages(package.__path__, f"{app}."):
        if ".migrations" not in module.name and not module.name.endswith("__main__"):
            importlib.import_module(module.name)
print("litellm" in sys.modules)
import litellm
"""


@pytest.mark.slow
def test_importing_everything_reaches_for_no_network_and_the_web_process_never_imports_litellm():
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CALLS_HOME],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * A_START,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    assert ran.stdout.split()[0] == "False", "litellm costs seconds and 190 MB: only a worker imports it, on first use"
