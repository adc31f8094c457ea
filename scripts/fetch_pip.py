"""Install pip where Python came without ensurepip, from the package index pip itself would use, checked by hash."""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

NAME = "pip-26.3-py3-none-any.whl"
SHA256 = "f3b60b20ffaadd4415ed7957212a38ac63fa4c5fa375bd0f4a797777940fad13"


def index() -> str:
    return os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/") + "/pip/"


def fetch() -> bytes:
    page = urllib.request.urlopen(index(), timeout=60).read().decode()  # noqa: S310  (the person's own index)
    link = re.search(rf'href="([^"]*{re.escape(NAME)})[^"]*"', page)
    if link is None:
        sys.exit(f"{index()} does not offer {NAME}: install python3-venv, then run this again.")
    return urllib.request.urlopen(urllib.parse.urljoin(index(), link[1]), timeout=60).read()  # noqa: S310


def main() -> None:
    try:
        wheel = fetch()
    except OSError as error:
        sys.exit(f"pip is not here and {index()} cannot be read ({error}): install python3-venv, then run this again.")
    if hashlib.sha256(wheel).hexdigest() != SHA256:
        sys.exit(f"{NAME} from {index()} is not the file it should be.")
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / NAME
        path.write_bytes(wheel)
        # a wheel is a zip that Python can run
        command = [sys.executable, f"{path}/pip", "install", "--quiet", "--no-index", "--no-deps", str(path)]
        subprocess.run(command, check=True)


if __name__ == "__main__":
    main()
