"""Settings come from the environment, and a bad value stops the start in one sentence that names its variable."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

from chatroom import env
from chatroom.env import SettingError
from tests.waiting import A_START

ROOT = Path(__file__).resolve().parent.parent.parent
GOOD = {
    "CHATROOM_VAR": "/nonexistent/chatroom",
    "SECRET_KEY": "uj3Kq9_vT2mXz7Lw4RbN8yHc6PfGd1Es5AoVi0UkMxQtZnYhWe",
    "PUBLIC_URL": "https://chat.example.org",
    "ALLOWED_HOSTS": "chat.example.org",
    "DATABASE_URL": "postgresql://chatroom:x@db.example.org/chatroom",
    "REDIS_URL": "redis://redis.example.org:6379/0",
}


def load_settings(monkeypatch: pytest.MonkeyPatch, **values: str | None) -> ModuleType:
    """The settings file read afresh in an environment of this test's own; None takes a variable away."""
    for name in ("DEBUG", "LLM_MODEL", "CSRF_TRUSTED_ORIGINS", "TRUSTED_PROXIES", *GOOD):
        monkeypatch.delenv(name, raising=False)
    for name, value in {**GOOD, **values}.items():
        if value is not None:
            monkeypatch.setenv(name, value)
    spec = importlib.util.spec_from_file_location("chatroom.settings_afresh", ROOT / "chatroom" / "settings.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["SECRET_KEY", "PUBLIC_URL", "ALLOWED_HOSTS", "DATABASE_URL", "REDIS_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_production_does_not_start_without_what_it_needs(monkeypatch, name, value):
    with pytest.raises(SettingError, match=name):
        load_settings(monkeypatch, **{name: value})


@pytest.mark.parametrize(
    ("name", "value", "accepted"),
    [
        ("SECRET_KEY", "short", "50 random characters"),
        ("SECRET_KEY", "a" * 80, "50 random characters"),
        ("SECRET_KEY", "django-insecure-" + "kq8x7Zp2Lm9vT4wR" * 4, "50 random characters"),
        ("DEBUG", "maybe", "1/true/yes/on or 0/false/no/off"),
        ("PUBLIC_URL", "chat.example.org", "https://"),
        ("PUBLIC_URL", "https://chat.example.org/room", "origin alone"),
        ("PUBLIC_URL", "https://elsewhere.example.org", "ALLOWED_HOSTS"),
        ("ALLOWED_HOSTS", "*", "names people really use"),
        ("DATABASE_URL", "mysql://db/chatroom", "postgresql://"),
        ("DATABASE_URL", "postgresql://db.example.org/", "names no database"),
        ("DATABASE_URL", "postgresql://db:port/chatroom", "postgresql://"),
        ("REDIS_URL", "http://redis", "redis://"),
        ("DB_POOL_SIZE", "many", "whole number from 2 to 500"),
        ("DB_POOL_SIZE", "1", "whole number from 2 to 500"),
        ("TRUSTED_PROXIES", "-1", "whole number from 0 to 10"),
        ("EMAIL_PORT", "70000", "1 to 65535"),
        ("MAX_REQUEST_BYTES", "1e6", "whole number"),
    ],
)
def test_a_malformed_variable_is_named_with_what_it_accepts(monkeypatch, name, value, accepted):
    with pytest.raises(SettingError) as refused:
        load_settings(monkeypatch, **{name: value})
    assert name in str(refused.value)
    assert accepted in str(refused.value)


def test_a_secret_is_not_repeated_in_the_sentence_that_refuses_it(monkeypatch):
    for name, value in (
        ("SECRET_KEY", "hunter2"),
        ("DATABASE_URL", "mysql://ada:hunter2@db/x"),
        ("REDIS_URL", "x://:hunter2@r"),
    ):
        with pytest.raises(SettingError) as refused:
            load_settings(monkeypatch, **{name: value})
        assert "hunter2" not in str(refused.value)


def test_production_settings_are_strict(monkeypatch):
    settings = load_settings(monkeypatch)
    assert not settings.DEBUG
    assert settings.SESSION_COOKIE_SECURE
    assert settings.CSRF_COOKIE_SECURE
    assert settings.SECURE_SSL_REDIRECT
    assert settings.SECURE_HSTS_SECONDS >= 31536000
    assert settings.ALLOWED_ORIGINS == ["https://chat.example.org"]
    assert settings.PASSWORD_HASHERS[0].endswith("Argon2PasswordHasher")
    assert settings.SESSION_ENGINE == "django.contrib.sessions.backends.db"
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]


def test_debug_allows_defaults_for_ones_own_machine_only(monkeypatch):
    settings = load_settings(monkeypatch, DEBUG="1", **dict.fromkeys(GOOD.keys() - {"CHATROOM_VAR"}))
    assert settings.DEBUG
    assert settings.ALLOWED_HOSTS == ["localhost", "127.0.0.1", "[::1]"]


def test_every_wait_for_a_server_is_bounded(monkeypatch):
    settings = load_settings(monkeypatch)
    options = settings.DATABASES["default"]["OPTIONS"]
    assert options["connect_timeout"] == 3
    assert "statement_timeout=5000" in options["options"]
    assert "lock_timeout=3000" in options["options"]
    assert "idle_in_transaction_session_timeout=" in options["options"]
    assert settings.DATABASES["default"]["CONN_MAX_AGE"] == 0
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["socket_timeout"] <= 1
    assert settings.CELERY_BROKER_TRANSPORT_OPTIONS["visibility_timeout"] > settings.CELERY_TASK_TIME_LIMIT


def test_a_model_s_name_wires_the_real_backend(monkeypatch):
    assert load_settings(monkeypatch).LLM_BACKEND == "agents.llm.scripted.Scripted"
    assert load_settings(monkeypatch, LLM_MODEL="openai/gpt-4o-mini").LLM_BACKEND.startswith(
        "agents.llm.litellm_backend."
    )


def test_a_database_address_is_read_in_all_its_forms(monkeypatch):
    monkeypatch.setenv("URL", "postgres://ada:p%40ss%2Fword@db.example.org:6543/chat%20room?sslmode=require")
    parts = env.envdatabase("URL")
    assert (parts["NAME"], parts["USER"], parts["PASSWORD"]) == ("chat room", "ada", "p@ss/word")
    assert (parts["HOST"], parts["PORT"], parts["OPTIONS"]) == ("db.example.org", "6543", {"sslmode": "require"})
    monkeypatch.setenv("URL", "postgresql://chatroom@/chatroom?host=%2Frun%2Fpg&port=5433")
    parts = env.envdatabase("URL")
    assert (parts["HOST"], parts["PORT"], parts["OPTIONS"]) == ("/run/pg", "5433", {})


def test_what_up_made_for_this_machine_is_read_but_the_environment_wins(monkeypatch, tmp_path):
    (tmp_path / "env").write_text("# a comment\nREDIS_URL=redis://127.0.0.1:1/0\nPUBLIC_URL=https://file.example.org\n")
    settings = load_settings(monkeypatch, CHATROOM_VAR=str(tmp_path), REDIS_URL=None)
    monkeypatch.delenv("REDIS_URL")  # read_file set it for real
    assert settings.REDIS_URL == "redis://127.0.0.1:1/0"
    assert settings.PUBLIC_URL == "https://chat.example.org"


def test_manage_py_says_it_in_one_sentence_and_fails():
    kept = {name: value for name, value in os.environ.items() if name not in GOOD and name != "DEBUG"}
    ran = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env={**kept, "CHATROOM_VAR": "/nonexistent/chatroom"},
        capture_output=True,
        text=True,
        timeout=A_START,
        check=False,
    )
    assert ran.returncode != 0
    assert (
        ran.stderr.strip() == "chatroom cannot start: SECRET_KEY is not set. It accepts at least 50 random characters."
    )
