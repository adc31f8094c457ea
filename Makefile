# `make up` starts everything; `make check` says whether it is good. The rest is for people who change it.

PY := .venv/bin/python

.PHONY: up setup setup-dev test check bench chaos demo lock fmt clean help

up: setup  ## start everything on this machine (HOST, PORT, DATABASE_URL, REDIS_URL, LLM_MODEL … are honoured)
	@exec $(PY) manage.py up

setup:  ## .venv with what running needs
	@sh scripts/setup requirements.txt

setup-dev:
	@sh scripts/setup requirements-dev.txt
	@sh scripts/test-tools

test: setup-dev  ## all tests, on servers of their own
	@sh scripts/test

check: setup-dev  ## format, lint, types, layers, settings, migrations, tests
	@sh scripts/check
	@sh scripts/test

bench: setup-dev  ## measure; ARGS go to the benchmarks
	@exec $(PY) -m benchmarks $(ARGS)

chaos: setup-dev  ## people, agents and faults of every kind for SECONDS=60, then every invariant; SEED=1 makes the choices
	@exec $(PY) -m tests.chaos --seed $(or $(SEED),1) --seconds $(or $(SECONDS),60)

demo: setup  ## a conversation with an agent on the command line, from first word to event log
	@exec $(PY) manage.py demo

lock:  ## compile requirements*.in into hash-pinned files
	@sh scripts/lock $(ARGS)

fmt: setup-dev  ## format and fix what can be fixed
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

clean:  ## remove what tools left; keeps .venv and the data in var/
	@find . -name __pycache__ -not -path './.venv/*' -prune -exec rm -rf {} +
	@rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis

help:
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
