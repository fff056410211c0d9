# Everything a person types. `make` alone lists the targets.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup oracle run test test-long check format bench seed docs wheel clean lock
.DEFAULT_GOAL := help

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  \033[1mmake %-8s\033[0m %s\n", $$1, $$2}'

setup: .venv/dev.stamp webapp/static/gen/manifest.json webapp/translations/compiled.stamp ## install everything for work on the code
	@.ci/system pango

oracle: .oracle/stamp ## install the judges of the reports' arithmetic (lifelines, pm4py) beside the product

run: .venv/run.stamp webapp/static/gen/manifest.json webapp/translations/compiled.stamp ## set up, migrate, seed the demo once, serve on http://127.0.0.1:8000
	@.ci/system pango
	@$(BIN)/contentum serve --demo

check: setup ## the fast part: style, types, layers, templates, tests below the web on SQLite (under 2 minutes)
	@.ci/quality
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not long and not slow and not browser and not postgres" --ignore tests/web

test: setup oracle ## everything CI runs: check, slow tests, PostgreSQL, browser
	@.ci/system pango chromium
	@.ci/quality
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not long and not browser and not postgres" --database sqlite
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not long and not browser and not sqlite and not slow" --database postgresql
	@$(BIN)/python -m pytest -q -n 2 --dist worksteal -m browser --database sqlite

test-long: setup ## the proofs at full length: random diagrams, damaged files, kills (an hour or more)
	@$(BIN)/python -m pytest -q -n 2 -m long --database sqlite

format: .venv/dev.stamp ## put the code into the house's form
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

bench: setup ## speed, as ratios in one run; writes bench.json
	@$(BIN)/python -m tests.bench

seed: .venv/run.stamp webapp/static/gen/manifest.json ## fill the demo (SIZE=small or year)
	@$(BIN)/contentum demo --size $(or $(SIZE),small)

docs: setup ## take the guide's screenshots again from a fresh demo
	@.ci/system pango chromium
	@$(BIN)/python -m tests.guide

wheel: setup ## build the wheel, assets included
	@$(BIN)/python -m hatchling build -t wheel

lock: .venv/dev.stamp ## renew the locked versions
	@for extra in run dev; do $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header \
	  $$([ $$extra = dev ] && echo --extra dev) pyproject.toml -o requirements/$$extra.txt; done
	@printf 'lifelines>=0.30\npm4py>=2.7\n' | $(BIN)/uv pip compile --quiet --upgrade --generate-hashes --no-emit-index-url --no-header - -o requirements/oracle.txt
	@npm install --package-lock-only --silent

clean: ## remove what set-up made (the data in var/ stay)
	@rm -rf .venv .oracle node_modules webapp/static/gen webapp/translations/compiled.stamp dist

# -- what the targets stand on ---------------------------------------------------------------------------------

.venv/bin/uv: requirements/tools.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Contentum needs Python 3.11 or newer."; exit 1; }
	@echo "· Python environment"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/tools.txt
	@touch $@

.venv/run.stamp: .venv/bin/uv requirements/run.txt pyproject.toml
	@echo "· Python packages"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/run.txt
	@command -v npm >/dev/null || $(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/node.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

.venv/dev.stamp: .venv/run.stamp requirements/dev.txt
	@echo "· tools for tests"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements/dev.txt
	@touch $@

.oracle/stamp: .venv/bin/uv requirements/oracle.txt
	@echo "· judges of the reports: lifelines, pm4py"
	@$(PYTHON) -m venv .oracle
	@$(BIN)/uv pip install --quiet --python .oracle/bin/python --require-hashes -r requirements/oracle.txt
	@touch $@

webapp/static/gen/manifest.json: .venv/run.stamp package.json package-lock.json $(shell find webapp/assets -type f 2>/dev/null)
	@echo "· styles and scripts"
	@$(BIN)/python -m webapp.assets_build

webapp/translations/compiled.stamp: .venv/run.stamp $(wildcard webapp/translations/pl/*.po)
	@$(BIN)/python -m webapp.languages
	@touch $@
