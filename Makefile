# Everything starts from a bare python3: each target sets up what it needs first.
PYTHON ?= python3
RUN = .venv/bin/python
SETUP = $(PYTHON) fedconsole/bootstrap.py
# A program that make starts directly gets Ctrl-C itself, and ends everything it started.
.ONESHELL:
.SHELLFLAGS = -ec
.DEFAULT_GOAL = help

.PHONY: help setup demo up test lint format bench screenshots clean

help: ## Show what there is to make
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1\t/' | while IFS="$$(printf '\t')" read -r name text; do printf '  make %-12s %s\n' "$$name" "$$text"; done

setup: ## Install the locked dependencies
	@$(SETUP)

demo: ## The console with three local Kubernetes clusters
	@$(SETUP) --kubernetes
	exec $(RUN) -u manage.py up --sandbox 3

up: ## The console alone, on SQLite and an embedded Redis
	@$(SETUP)
	exec $(RUN) -u manage.py up

test: ## Every test, on real clusters, Redis and browser; ARGS="-k name" for some
	@$(SETUP) --browser --kubernetes
	exec $(RUN) -m pytest $(ARGS)

lint: ## Style, types, layers, templates, migrations
	@$(SETUP)
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/lint-imports
	git ls-files 'templates/*.html' | xargs .venv/bin/djade --check --target-version 5.2
	$(RUN) manage.py makemigrations --check --dry-run

format: ## Put code and templates into shape
	@$(SETUP)
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .
	git ls-files 'templates/*.html' | xargs .venv/bin/djade --target-version 5.2

bench: ## Measure beside the bare limit; ARGS="--clusters 5 --objects 200"
	@$(SETUP) --kubernetes
	exec $(RUN) -u -m benchmarks $(ARGS)

screenshots: ## Take the screenshots of docs/screenshots anew
	@$(SETUP) --browser --kubernetes
	exec $(RUN) -m tests.browser.screenshots

clean: ## Remove what was made, except the cached Kubernetes
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
