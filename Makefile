# Two commands for a fresh machine: `make run` and `make test`. The others are for those who work on Al Día.
.DEFAULT_GOAL := help
.PHONY: help run test lint lock bench train faults screenshots clean

# Compiled modules are kept, whatever the environment says: without them each process compiles for seconds.
unexport PYTHONDONTWRITEBYTECODE

PORT ?= 8000
VENV := .venv
BIN := $(VENV)/bin
VENDOR := console/static/vendor/htmx.min.js console/static/vendor/chart.js

# The first interpreter that really runs and is new enough (a shim on the PATH may do neither).
PYTHON ?= $(shell for python in python3 python3.11 python3.12 python3.13 python3.14 python; do \
	"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo "$$python"; break; }; done)

# uv never fetches an interpreter of its own and never reads or writes its project lock (that one names hosts).
UV_INSTALL := UV_PYTHON_DOWNLOADS=never UV_LINK_MODE=copy $(BIN)/uv --quiet pip install --python $(BIN)/python
PIP_INSTALL := PIP_DISABLE_PIP_VERSION_CHECK=1 $(PYTHON) -m pip --python $(BIN)/python install --quiet

help:
	@echo 'make run [PORT=8000]   the console and a WhatsApp simulator, with sample data, on this machine'
	@echo 'make test              every test, with what the tests need (ARGS="-k window" for some)'
	@echo 'make lint              ruff, mypy and the import contract'
	@echo 'make lock              the lock files anew from pyproject.toml'
	@echo 'make bench             how fast; make faults: how hard; make screenshots: the pictures of the README'
	@echo 'make train             the bot'\''s understanding anew from its phrases, with its confusion matrix'
	@echo 'make clean             away with the environment; var/ (your data) stays'

run: $(VENV)/.ok
	@exec $(BIN)/aldia demo --port $(PORT)

test: $(VENV)/.ok-dev
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m tests.nginx
	@# What fails beside everything else is tried by itself, twice at most: a machine that others share has bad moments,
	@# and only what fails in quiet too is a failure. Each time says what it was: what comes again and again is a defect.
	@$(BIN)/python -m pytest -n 3 $(ARGS) || { \
		echo 'Once more, one at a time: what failed just now …'; \
		$(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(ARGS); } || { \
		echo 'And a last time: what failed alone …'; \
		exec $(BIN)/python -m pytest --last-failed --last-failed-no-failures none $(ARGS); }

lint: $(VENV)/.ok-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.ok-dev
	@exec $(BIN)/python -m bench $(ARGS)

train: $(VENV)/.ok-dev
	@exec $(BIN)/python -m console.bots.training $(ARGS)

faults: $(VENV)/.ok-dev
	@exec $(BIN)/python -m bench.faults $(ARGS)

screenshots: $(VENV)/.ok-dev
	@exec $(BIN)/python -m docs.screenshots

# --- What is installed, and when. Each stamp is younger than what it was made from, or is made again. ---------------

# Without ensurepip in it, an environment can also be made where a distribution has split that off (or set PEP 668).
$(BIN)/uv: requirements-boot.lock
	@test -n "$(PYTHON)" || { echo 'Al Día needs Python 3.11 or newer: install it, or name it with PYTHON=.' >&2; exit 1; }
	@test -x $(BIN)/python || { echo 'Making $(VENV) …'; $(PYTHON) -m venv --without-pip $(VENV); }
	@$(PIP_INSTALL) --require-hashes --requirement requirements-boot.lock || echo 'No uv for this machine: pip does, more slowly.'
	@touch $@

# uv is the fast way; pip, which may know a mirror that uv does not, is the way that remains.
$(VENV)/.ok: requirements.lock pyproject.toml hatch_build.py $(VENDOR) | $(BIN)/uv
	@echo 'Installing what Al Día needs …'
	@$(UV_INSTALL) --require-hashes --requirement requirements.lock \
		|| $(PIP_INSTALL) --require-hashes --requirement requirements.lock
	@$(UV_INSTALL) --no-deps --editable . || $(PIP_INSTALL) --no-deps --editable .
	@touch $@

$(VENV)/.ok-dev: requirements-dev.lock $(VENV)/.ok
	@echo 'Installing what its tests need …'
	@$(UV_INSTALL) --require-hashes --requirement requirements-dev.lock \
		|| $(PIP_INSTALL) --require-hashes --requirement requirements-dev.lock
	@touch $@

# Written by hatch_build.py when the package is installed; no rule of its own, but its absence calls for one.
$(VENDOR):

COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-annotate --no-header $(UPGRADE)

# `make lock UPGRADE=--upgrade` takes the newest releases that pyproject.toml allows.
lock: | $(BIN)/uv
	$(COMPILE) pyproject.toml --output-file requirements.lock
	$(COMPILE) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock
	$(COMPILE) --group boot --output-file requirements-boot.lock

clean:
	rm -rf $(VENV) console/static/vendor .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
