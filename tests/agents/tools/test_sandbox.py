"""What a program in the sandbox tries, and does not reach. bubblewrap is installed by `scripts/test-tools`."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from uuid import uuid4

import pytest

from agents.tools import ToolContext, sandbox
from agents.tools.program import run_python
from agents.tools.using import use
from rooms import background

HERE = ToolContext(run=uuid4(), requester="ada", agent="echo", room_id=0, room="den", audience=None)


def run(program: str) -> sandbox.Ran:
    assert sandbox.off() == ""
    return background.run(sandbox.run(program), timeout=30)


def test_a_program_runs_and_is_heard() -> None:
    assert run("import math, json\nprint(json.dumps([6 * 7, math.pi]))").output == "[42, 3.141592653589793]\n"
    failed = run("print('before')\n1/0")
    assert failed.status == 1
    assert failed.output.startswith("before\n")
    assert "ZeroDivisionError" in failed.output


FAILING = {
    "a file of the machine": "print(open('/etc/passwd').read())",
    "a file of ours": f"print(open({str(Path(__file__).resolve())!r}).read())",
    "the home of root": "import os; print(os.listdir('/root'))",
    "a file outside": "open('/x', 'w').write('x')",
    "a file in usr": "open('/usr/x', 'w').write('x')",
    "a large file": "open('/tmp/x', 'wb').write(b'x' * 5_000_000)",
    "a full disk": "for n in range(99): open(f'/tmp/{n}', 'wb').write(b'x' * 1_000_000)",
    "memory beside the disk": "for n in range(99): open(f'/dev/shm/{n}', 'wb').write(b'x' * 1_000_000)",
    "a file among the devices": "open('/dev/x', 'w').write('x')",
    "a link that leads out": "import os; os.symlink('/etc/shadow', '/tmp/l'); print(open('/tmp/l').read())",
    "the files of the first process": "open('/proc/1/root/etc/passwd')",
    "a gigabyte": "x = bytearray(10**9); print(len(x))",
    "the network": "import socket; socket.create_connection(('1.1.1.1', 80), 2)",
    "metadata": "import socket; socket.create_connection(('169.254.169.254', 80), 2)",
    "a name": "import socket; print(socket.gethostbyname('example.com'))",
    "a raw socket": "import socket; socket.socket(socket.AF_INET, socket.SOCK_RAW, 1)",
    "many processes": "import os\nfor n in range(50): os.fork() or __import__('time').sleep(1)",
    "another user": "import os; os.setuid(0)",
    "a mount": "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/tmp', b'tmpfs', 0, 0) == 0",
    "another namespace": "import ctypes; assert ctypes.CDLL(None).unshare(0x10000000) == 0",
    "more memory": "import resource as r; r.setrlimit(r.RLIMIT_AS, (2**40, 2**40))",
    "more processes": "import resource as r; r.setrlimit(r.RLIMIT_NPROC, (999, 999))",
    "a shell": "import os; assert os.system('id') == 0",
    "a device": "open('/dev/sda')",
    "memory of the kernel": "open('/dev/mem', 'rb').read(1)",
    "a setting of the kernel": "open('/proc/sys/kernel/hostname', 'w').write('x')",
    "installed packages": "import django",
    "a chroot": "import os; os.chroot('/tmp')",
    "a node": "import os, stat; os.mknod('/tmp/d', stat.S_IFBLK | 0o600, os.makedev(8, 0))",
}


@pytest.mark.parametrize("what", FAILING)
def test_out_of_reach(what: str) -> None:
    ran = run(FAILING[what])
    assert ran.status not in (0, None), ran
    assert "root:" not in ran.output


def test_servers_of_this_machine_are_not_reached() -> None:
    from django.db import connection

    port = int(connection.settings_dict["PORT"] or 5432)
    for place in (("127.0.0.1", port), ("127.0.0.1", 22), ("::1", port)):
        assert run(f"import socket; socket.create_connection({place!r}, 2)").status == 1


def test_it_sees_none_of_our_variables_files_and_processes() -> None:
    os.environ["CANARY_OF_THE_SANDBOX"] = "canary"
    with tempfile.NamedTemporaryFile() as file:
        program = f"""
import os, glob
print(dict(os.environ)); print(os.listdir('/')); print(os.listdir('/tmp')); print(os.path.exists({file.name!r}))
for path in glob.glob('/proc/[0-9]*/environ') + glob.glob('/proc/[0-9]*/cmdline'):
    try: print(path, open(path, 'rb').read())
    except OSError as error: print(error)
print(sorted(int(name) for name in os.listdir('/proc') if name.isdigit()), os.getuid())
"""
        shown = run(program).output
    assert "canary" not in shown
    assert "manage.py" not in shown
    assert "pytest" not in shown
    assert "\nFalse\n" in shown
    assert "65534" in shown


def test_it_cannot_signal_us() -> None:
    assert run(f"import os; os.kill({os.getpid()}, 9)").status == 1
    others = "import os; print([name for name in os.listdir('/proc') if name.isdigit() and int(name) > 2])"
    assert run(others).output == "[]\n"


def test_time_ends_and_nothing_is_left_behind() -> None:
    marker = f"sleeper-{uuid4()}"
    ran = run(f"import os, time\nos.fork()\nmarker = {marker!r}\nwhile True: time.sleep(0.1)")
    assert "stopped after" in ran.cut
    left = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True).stdout
    assert sandbox.FIRST_LINES.strip().splitlines()[1] not in left


def test_programs_that_sleep_leave_the_threads_of_the_loop_free() -> None:
    """In those the names of models' providers are looked up too."""

    async def beside() -> bool:
        sleeping = [asyncio.ensure_future(sandbox.run("import time; time.sleep(3)")) for _ in range(12)]
        await asyncio.sleep(0)
        await asyncio.to_thread(bool)
        early = not any(one.done() for one in sleeping)
        for one in sleeping:
            one.cancel()
        return early

    assert sandbox.off() == ""
    assert background.run(beside(), timeout=30)


def test_computing_for_ever_ends_too() -> None:
    ran = run("while True: pass")
    assert ran.cut or ran.status in (-signal.SIGKILL, 128 + signal.SIGKILL)


def test_what_it_says_is_bounded_and_may_be_anything() -> None:
    assert "too much" in run("print('x' * 10**7)").cut
    assert len(run("while True: print('x' * 1000)").output) <= sandbox.LARGEST_OUTPUT
    assert run("import sys; sys.stdout.buffer.write(bytes(range(256)))").status == 0
    assert run("print('\\ud800')").status == 1
    assert "stopped" in run("import os, time; os.close(1); os.close(2); time.sleep(60)").cut


async def test_the_tool_says_how_it_ended() -> None:
    told = (await use(run_python, HERE, {"program": "print('hi')\nraise SystemExit(3)"})).data["result"]
    assert told == {"output": "hi\n", "ended": "with status 3"}


def test_without_bubblewrap_it_is_off_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    sandbox.off.cache_clear()
    try:
        assert "bubblewrap" in run_python.off()
    finally:
        sandbox.off.cache_clear()
