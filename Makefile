# Postroom's verbs. A fresh machine needs make and Python >= 3.11 with its venv module; nothing else.
#
#   make demo        try it: sets .venv up, starts the runtime with a sandbox mail server (ARGS=--once ends by itself)
#   make test        everything: lint, then all tests with real servers, and the branch coverage of the core
#   make test-fast   the tests that need no server and no process of their own
#   make fuzz        the fuzz targets for long (EXAMPLES=20000 of each; ARGS chooses among them)
#   make lint        ruff, mypy, import contracts
#   make bench       speed against mpop and poplib on a real Dovecot, in one run; writes build/bench.json
#   make format      let ruff rewrite what it can
#   make lock        choose dependencies anew (needs uv; UPGRADE=--upgrade takes newer releases)
#   make clean       remove what the other verbs made

ARGS ?=
EXAMPLES ?= 20000
WORKERS ?= 2
# Branch coverage, in per cent, below which the core (mail, routing, session) fails the tests.
CORE_COVERAGE ?= 100

VENV := .venv
BIN := $(VENV)/bin
RUNS := import sys, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c '$(RUNS)' 2>/dev/null && echo "$$name" && break; done)

# Every package comes from a lock with hashes; the project itself is installed without the network.
INSTALL := $(BIN)/python -m pip install -qq --disable-pip-version-check
LOCKED := $(INSTALL) --no-deps --require-hashes --requirement
ITSELF := $(INSTALL) --no-deps --no-build-isolation --no-index --editable .
COMPILE := uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header
CORE := --cov --cov-report=term-missing:skip-covered --cov-fail-under=$(CORE_COVERAGE)
# (xdist: with --dist loadgroup a run whose worker dies never ends; worksteal reports the test and goes on.)
PYTEST := $(BIN)/python -m pytest -q --numprocesses $(WORKERS) --dist worksteal

.PHONY: demo test test-fast fuzz bench lint format lock clean servers
.DELETE_ON_ERROR:

demo: $(VENV)/demo.stamp
	$(BIN)/postroom demo $(ARGS)

test: lint servers
	$(PYTEST) $(CORE)

test-fast: $(VENV)/dev.stamp
	$(PYTEST) -m "not server and not journey"

fuzz: $(VENV)/dev.stamp
	HYPOTHESIS_PROFILE=fuzz FUZZ_EXAMPLES=$(EXAMPLES) $(PYTEST) tests/fuzz $(ARGS)

bench: $(VENV)/dev.stamp
	$(BIN)/python -m tests.benchmarks $(ARGS)

lint: $(VENV)/dev.stamp
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

format: $(VENV)/dev.stamp
	$(BIN)/ruff check --fix-only --quiet .
	$(BIN)/ruff format .

# The tests want Debian's dovecot, postfix and mosquitto: installed where that can be done, said plainly where it cannot.
servers: $(VENV)/dev.stamp
	$(BIN)/python -m tests.support.servers

lock:
	@command -v uv >/dev/null || { echo "make lock needs uv, which is not installed: pip install uv" >&2; exit 1; }
	$(COMPILE) $(UPGRADE) --extra demo --group dev pyproject.toml --output-file requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock pyproject.toml --output-file requirements.lock
	$(COMPILE) --constraint requirements-dev.lock --extra demo --group build pyproject.toml --output-file requirements-demo.lock
	$(COMPILE) --constraint requirements-dev.lock --group build --output-file requirements-build.lock

clean:
	rm -rf $(VENV) build dist .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache
	find runtime tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps: a second run finds them and installs nothing; a changed lock or pyproject.toml makes them stale.
$(VENV)/made.stamp:
	@$(or $(PYTHON),false) -c '$(RUNS)' 2>/dev/null || { \
		echo "Postroom needs Python 3.11 or newer with its venv module, and found none. On Debian, as root:" >&2; \
		echo "    apt-get update && apt-get install -y python3 python3-venv" >&2; \
		echo "Or name one yourself: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/demo.stamp: $(VENV)/made.stamp requirements-demo.lock pyproject.toml
	$(LOCKED) requirements-demo.lock
	$(ITSELF)
	@touch $@

$(VENV)/dev.stamp: $(VENV)/made.stamp requirements-dev.lock pyproject.toml
	$(LOCKED) requirements-dev.lock
	$(ITSELF)
	@touch $@
