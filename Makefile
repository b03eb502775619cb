# Everything from a clean clone: each target makes what it needs first.
PYTHON ?= python3
PORT ?= 8000
BIN := .venv/bin
BENCHMARKS := $(filter-out __init__,$(basename $(notdir $(wildcard benchmarks/*.py))))

.PHONY: install run test lint bench bundle

install: .venv/installed

.venv/installed: requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

run: install
	$(BIN)/rfcat start
	$(BIN)/rfcat serve --port $(PORT)

test: install
	$(BIN)/pytest -m "not slow" -n auto --dist loadfile

lint: install
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

# The registry's entry and the bundle that hosts install with a click, in dist/; nothing is uploaded.
bundle: install
	$(BIN)/python -m bundle.build
	npx --yes @anthropic-ai/mcpb@2.1.2 pack dist/bundle dist/random-forest-cat.mcpb

bench: install
	$(BIN)/pip install --quiet --disable-pip-version-check --constraint requirements.lock --editable ".[bench]"
	for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name || exit 1; done
