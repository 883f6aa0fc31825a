# `make run` and `make test` need python3.11 and make alone; everything they install goes into .venv.
PYTHON ?= python3.11
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Tests start many interpreters, each of which would compile the tree anew
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-all check collect clean

run: $(VENV)/.demo
	$(BIN)/python examples/demo.py

test: $(VENV)/.test
	@$(MAKE) --no-print-directory -j 2 check collect
	$(BIN)/python -m pytest -n 3 --dist worksteal

test-all: $(VENV)/.all
	@$(MAKE) --no-print-directory -j 2 check collect
	$(BIN)/python -m pytest -n 3 --dist worksteal

check: $(VENV)/.test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Beside the types, on the other core: what is compiled here is not compiled by each of pytest's workers.
collect: $(VENV)/.test
	@$(BIN)/python -m pytest --collect-only -q > $(VENV)/collected.txt || tail -n 30 $(VENV)/collected.txt

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[demo]'
	@touch $@

$(VENV)/.test: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[test]'
	@touch $@

$(VENV)/.all: pyproject.toml | $(BIN)/python
	$(PIP) -e '.[test,tabular,notebook]'
	@touch $@

clean:
	rm -rf $(VENV)
