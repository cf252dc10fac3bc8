# Everything a newcomer needs: Python 3.11 or newer, and make. "make help" lists the rest.

PYTHON ?= $(shell command -v python3.11 || command -v python3 || echo python3)
VENV ?= .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

RUN_DIR ?= assent-run
RUN_ARGS ?= --speed 60
DEMO_ARGS ?=
BENCH_ARGS ?=
PYTEST_ARGS ?= -n 3
PROVE_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help setup run demo test prove lint format docs tour bench lock clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' Makefile

setup: $(STAMP) ## make the virtual environment from the lock

$(STAMP): requirements/dev.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	    echo 'Assent needs Python 3.11 or newer; "$(PYTHON)" is not that (or is not there).' >&2; \
	    echo 'Install one, or name it: make PYTHON=/path/to/python3.11 ...' >&2; exit 2; }
	@echo 'Setting up $(VENV) from requirements/dev.lock ...'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

# The last line is one plain command, so make starts the desk without a shell between: Ctrl-C reaches the
# desk, which prints its summary and exits 0, and nothing else has an error to report.
run: $(STAMP) ## run a paper desk on the exchange in the box with its console, until Ctrl-C
	@test -e $(RUN_DIR) || $(BIN)/assent init $(RUN_DIR) --template kalshi-paper
	@$(BIN)/assent run $(RUN_DIR) --web $(RUN_ARGS)

demo: $(STAMP) ## live through one simulated trading day
	@$(BIN)/assent demo $(DEMO_ARGS)

test: $(STAMP) ## run the tests
	@$(BIN)/python -m pytest $(PYTEST_ARGS)

# What a release is judged by, with what was traded printed, since "never does X" must not pass by doing nothing.
prove: $(STAMP) ## the long campaigns: a process killed fifty times, twenty simulated days, random worlds
	@ASSENT_KILLS=50 ASSENT_DEMO_SEEDS=20 ASSENT_STREAM_SEEDS=100 ASSENT_OUTCOMES=1 ASSENT_HEALING_SEEDS=200 \
	    ASSENT_LIVE_DAYS=3 ASSENT_LIVE_KILLS=300 ASSENT_LIVE_SPEED=75 ASSENT_CONSOLE_KILLS=10 $(BIN)/python -m pytest -s \
	    -o faulthandler_timeout=3600 $(PROVE_ARGS) tests/crash tests/test_demo.py tests/naive tests/property tests/venue tests/live \
	    tests/browser/test_console_apart.py

lint: $(STAMP) ## check style, types and import contracts
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: $(STAMP) ## put the code into the house format
	@$(BIN)/ruff check --fix-only .
	@$(BIN)/ruff format .

docs: $(STAMP) ## write what the pages say about the code anew
	@$(BIN)/python -m docs.generate

tour: $(STAMP) ## take the front page's tour again, and draw its picture
	@$(BIN)/python -m docs.tour

bench: $(STAMP) ## measure
	@$(BIN)/python -m benchmarks $(BENCH_ARGS)

# Needs uv on the PATH. Keeps every pin that still fits; UPGRADE=--upgrade takes the newest of all.
lock: ## write the locks again after a change of pyproject.toml
	@command -v uv >/dev/null || { echo 'make lock needs uv on the PATH.' >&2; exit 2; }
	uv pip compile pyproject.toml requirements/build.in --extra dev -o requirements/dev.lock $(LOCK_FLAGS)
	uv pip compile pyproject.toml requirements/build.in -c requirements/dev.lock -o requirements/run.lock $(LOCK_FLAGS)

LOCK_FLAGS = --quiet --universal --python-version 3.11 --generate-hashes --no-annotate $(UPGRADE) \
    --custom-compile-command 'make lock'

clean: ## remove what make made (desks and ledgers stay)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis build dist src/*.egg-info
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
