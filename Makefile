# Verbs of the project. On a fresh machine with Python 3.11 and make, each sets up what it needs.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
LOCKED := .venv/locked
READY := .venv/ready
# The oracles have an environment of their own: what they bring must not be there for the tests.
ORACLES := .venv-oracles
ORACLES_READY := $(ORACLES)/ready
# The site, too: the tests must not need what builds it.
DOCS := .venv-docs
DOCS_READY := $(DOCS)/ready
# Small matrix products gain nothing from threads, and results must not depend on their number.
export OPENBLAS_NUM_THREADS := 1
DEMO := demo
COMPILE = $(BIN)/uv pip compile pyproject.toml --universal --python-version 3.11 \
	--generate-hashes --no-header --no-annotate

.DEFAULT_GOAL := help
.PHONY: help setup demo test fuzz slow check docs pictures oracles mutants bench release-check lock clean

help:  ## List the verbs.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY)  ## Make .venv with the exact versions of requirements.lock.

$(LOCKED): requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "lstmfin needs Python 3.11 or newer: make PYTHON=python3.11")'
	@echo "Installing the exact versions of requirements.lock into .venv: about a minute ..."
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

$(READY): $(LOCKED) pyproject.toml
	@$(BIN)/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(READY)  ## Run the main job on the sample prices, in the folder demo/.
	$(BIN)/lstmfin -C $(DEMO) fetch AAPL --source sample train backtest plot forecast

test: $(READY)  ## Run the tests.
	$(BIN)/python -m pytest -n auto -q -m "not slow"

fuzz: $(READY)  ## Draw new cases, and more of them, for the tests of laws; a fault found becomes a test.
	$(BIN)/python -m pytest -n auto -q -m hypothesis --hypothesis-profile fuzz $(ONLY)

ONLY ?= tests
slow: $(READY)  ## Run the slower proofs, or ONLY="tests/engine" of them; some need strace.
	$(BIN)/python -m pytest -q -m slow $(ONLY)

# PyTorch alone goes by its version: its files, and so their hashes, differ from machine to machine.
# The lock is whole, and --no-deps leaves it so: empyrical asks for an older peewee than yfinance.
$(ORACLES_READY): requirements-oracles.lock pyproject.toml
	@echo "Installing requirements-oracles.lock and PyTorch into $(ORACLES): some minutes ..."
	@$(PYTHON) -m venv $(ORACLES)
	@$(ORACLES)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps --requirement requirements-oracles.lock
	@$(ORACLES)/bin/python -m pip install -qq --disable-pip-version-check torch==2.13.0
	@$(ORACLES)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

# Tests of the extras stats and calendar, which `make test` leaves out.
OF_EXTRAS := tests/models/test_garch.py tests/models/test_baselines.py \
	tests/metrics/test_selection.py tests/data/test_calendar_exchanges.py

oracles: $(ORACLES_READY)  ## Compare with PyTorch, onnxruntime and others, live; an environment of its own.
	$(ORACLES)/bin/python -m pytest -q tests/oracles
	$(ORACLES)/bin/python -m pytest -q $(OF_EXTRAS)

SAMPLE ?= 0
mutants: $(READY)  ## Break each line of the backward passes; a test must notice. SAMPLE=20 for some.
	$(BIN)/python tests/mutants.py --sample $(SAMPLE)

check: $(READY)  ## Lint, check types, and check that imports run down the house.
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports

$(DOCS_READY): requirements-docs.lock pyproject.toml
	@echo "Installing requirements-docs.lock into $(DOCS): about a minute ..."
	@$(PYTHON) -m venv $(DOCS)
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --requirement requirements-docs.lock
	@$(DOCS)/bin/python -m pip install -qq --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

docs: $(DOCS_READY)  ## Build the site, site/html/index.html; a warning is an error.
	$(DOCS)/bin/python -m sphinx -q -W --keep-going -b html -d site/doctrees docs site/html

pictures: $(DOCS_READY)  ## Make the pictures of the pages and the notebook anew: some minutes.
	$(DOCS)/bin/python docs/pictures.py

bench: $(READY) $(ORACLES_READY)  ## Measure speed and memory, beside PyTorch's too, and run the problems.
	$(ORACLES)/bin/python benchmarks/engine_speed.py
	$(ORACLES)/bin/python benchmarks/sweep.py
	$(BIN)/python benchmarks/memory.py
	$(BIN)/python benchmarks/main_job.py
	$(BIN)/python benchmarks/report.py
	$(BIN)/python benchmarks/adding.py
	$(BIN)/python benchmarks/verdict.py
	$(BIN)/python benchmarks/shares.py
	$(ORACLES)/bin/python benchmarks/beside.py
	$(BIN)/python benchmarks/volatility.py --tables linear,panel
	$(ORACLES)/bin/python benchmarks/forecasts.py --confirm
	$(BIN)/python benchmarks/evenings.py meet
	$(BIN)/python benchmarks/evenings.py kills
	$(BIN)/python benchmarks/soak.py

RELEASE := .venv-release
release-check: $(READY)  ## Build wheel and sdist, install the wheel by itself, and run from it.
	rm -rf dist $(RELEASE)
	$(BIN)/python -m hatchling build --directory dist
	$(PYTHON) -m venv $(RELEASE)
	$(RELEASE)/bin/python -m pip install -q --disable-pip-version-check dist/*.whl
	cd $(RELEASE) && bin/lstmfin selftest && bin/lstmfin -C demo fetch AAPL --source sample train --epochs 2 backtest plot forecast
	rm -rf $(RELEASE)

lock: $(READY)  ## Choose the newest versions anew and write the lock files.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	$(COMPILE) --extra dev --upgrade --output-file requirements.lock
	$(COMPILE) --extra docs --upgrade --constraints requirements.lock --output-file requirements-docs.lock
	printf "torch ; python_version < '0'\npeewee>=4\n" | $(COMPILE) --extra oracles --upgrade \
		--constraints requirements.lock --override /dev/stdin --output-file requirements-oracles.lock

clean:  ## Remove all that was made here.
	rm -rf .venv $(ORACLES) $(DOCS) docs/generated $(RELEASE) demo dist site .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
