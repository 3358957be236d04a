# Targets for people. Each installs what it needs and ends everything it has started on Ctrl-C.
PYTHON ?= python3
SETUP = @$(PYTHON) -I fedconsole/bootstrap.py
BIN = .venv/bin

.PHONY: help demo up test test-postgresql lint format bench
.DEFAULT_GOAL := help

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

demo:  ## The console with three local Kubernetes clusters
	$(SETUP) runtime kubernetes
	@exec $(BIN)/python manage.py up --sandbox 3

up:  ## The console alone; import clusters that you have
	$(SETUP) runtime
	@exec $(BIN)/python manage.py up

test:  ## Every test, on SQLite (ARGS="-k name" chooses)
	$(SETUP) dev kubernetes browser
	@exec $(BIN)/pytest $(ARGS)

test-postgresql:  ## What touches the database, on a PostgreSQL of its own
	$(SETUP) dev kubernetes postgresql
	@exec $(BIN)/python .ci/with_postgresql.py $(BIN)/pytest $(or $(ARGS),tests/app tests/integration)

lint:  ## Format, lint, types, layers, templates, migrations
	$(SETUP) dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djade --check --target-version 5.2
	$(BIN)/python manage.py makemigrations --check --dry-run

format:  ## Rewrite files as the linters want them
	$(SETUP) dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	git ls-files -z 'templates/*.html' | xargs -0 $(BIN)/djade --target-version 5.2

bench:  ## How fast, beside the raw limit of the same run (ARGS="--clusters 3 --objects 100")
	$(SETUP) runtime kubernetes
	@exec $(BIN)/python -m benchmarks $(ARGS)
