"""What the documents say has to be there."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from django.conf import settings

ROOT: Path = settings.BASE_DIR
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
CODE = re.compile(r"^```.*?^```$", re.DOTALL | re.MULTILINE)
FILE = re.compile(r"`((?:[\w.]+/)+[\w.@-]+\.(?:py|js|conf|service|example|md|txt))`")
READERS = re.compile(r"env(str|bool|int|list|secrets?|url|origin|database)")
OF_THE_TERMINAL = {"NO_COLOR", "MAKELEVEL", "DJANGO_SETTINGS_MODULE"}
OF_PROVIDERS = {"OPENAI_API_KEY", "LITELLM_LOCAL_MODEL_COST_MAP"}


def test_every_variable_that_is_read_is_documented_and_no_other():
    table = (ROOT / "docs/running.md").read_text().partition("<!-- settings -->")[2]
    documented = set(re.findall(r"^\| `([A-Z][A-Z0-9_]+)` \|", table, re.MULTILINE))

    assert documented == variables_read() - OF_THE_TERMINAL - OF_PROVIDERS


def variables_read() -> set[str]:
    apps = ("chatroom", "governance", "memory", "agents", "rooms")
    files = [path for app in apps for path in (ROOT / app).rglob("*.py")]
    return {name for path in files for name in names_in(ast.parse(path.read_text()))}


def names_in(tree: ast.Module) -> set[str]:
    return {name for name, _ in reads_in(tree)}


def reads_in(tree: ast.Module) -> list[tuple[str, ast.Call]]:
    """Calls of the readers of `chatroom.env`, and of `os.environ`, with the name they ask for."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args and reads(node.func)]
    named = [(call.args[0], call) for call in calls]
    return [(arg.value, call) for arg, call in named if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]


def reads(function: ast.expr) -> bool:
    if isinstance(function, ast.Name):
        return READERS.fullmatch(function.id) is not None
    return ast.unparse(function) in ("os.environ.get", "os.environ.setdefault")


def test_a_default_in_the_table_is_the_default_in_the_settings():
    table = (ROOT / "docs/running.md").read_text().partition("<!-- settings -->")[2]
    said = dict(re.findall(r"^\| `([A-Z_]+)` \| `([^`]+)` \|", table, re.MULTILINE))
    found = defaults_in(ast.parse((ROOT / "chatroom/settings.py").read_text()))

    assert {name: found[name] for name in said.keys() & found.keys()} == {
        name: said[name] for name in said.keys() & found.keys()
    }
    assert len(said.keys() & found.keys()) >= 15


def defaults_in(tree: ast.Module) -> dict[str, str]:
    """What is written as the second argument, where that is a value and not a question."""
    second = {name: call.args[1] for name, call in reads_in(tree) if len(call.args) > 1}
    plain = {name: arg for name, arg in second.items() if not {type(n) for n in ast.walk(arg)} & {ast.Name, ast.IfExp}}
    return {name: as_written(eval(ast.unparse(arg))) for name, arg in plain.items()}


def as_written(value: object) -> str:
    return ",".join(map(str, value)) if isinstance(value, list) else str(value)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    for target in LINK.findall(CODE.sub("", page.read_text())):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        if anchor:
            assert anchor in anchors_of(found), target


def anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", CODE.sub("", page.read_text()), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_files_that_are_named_are_there(page):
    for path in FILE.findall(page.read_text()):
        assert (ROOT / path).exists(), path


def test_every_decision_is_listed():
    index = (ROOT / "docs/decisions/README.md").read_text()
    for decision in (ROOT / "docs/decisions").glob("0*.md"):
        assert f"({decision.name})" in index
