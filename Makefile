# Each target installs what it needs, and ends everything it has started on Ctrl-C.
PYTHON ?= python3
SETUP = @$(PYTHON) -I fedconsole/bootstrap.py
BIN = .venv/bin
PYTEST = $(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadscope
TEMPLATES = git ls-files -z 'templates/*.html' | xargs -0

.PHONY: help setup demo up test test-postgresql lint format messages bench soak screenshots clean
.DEFAULT_GOAL := help

help:  ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 18

setup:  ## Install the locked dependencies
	$(SETUP)

demo:  ## The console with three local Kubernetes clusters
	$(SETUP) --runtime --kubernetes
	@exec $(BIN)/python manage.py up --sandbox 3

up:  ## The console alone; import clusters that you have
	$(SETUP) --runtime
	@exec $(BIN)/python manage.py up

test:  ## Every test, on SQLite (ARGS="-k name" chooses)
	$(SETUP) --browser --kubernetes
	@exec $(PYTEST) $(ARGS)

test-postgresql:  ## What touches the database, on a PostgreSQL of its own
	$(SETUP) --postgresql --kubernetes
	@exec $(BIN)/python .ci/with_postgresql.py $(PYTEST) $(or $(ARGS),tests/app $(addprefix tests/integration/test_,engine.py join.py propagation.py stack.py))

lint:  ## Style, types, layers, templates, migrations
	$(SETUP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(TEMPLATES) $(BIN)/djade --check --target-version 5.2
	$(BIN)/python manage.py makemigrations --check --dry-run

format:  ## Rewrite files as the linters want them
	$(SETUP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(TEMPLATES) $(BIN)/djade --target-version 5.2

messages:  ## Extract and compile the translations (needs gettext)
	@command -v msgfmt >/dev/null || { echo "Install the package gettext first." >&2; exit 1; }
	$(SETUP)
	$(BIN)/python manage.py makemessages --all --no-obsolete --add-location file -i .venv -i var -i 'static/vendor/*'
	$(BIN)/python manage.py compilemessages -i .venv -i var

bench:  ## How fast, beside the raw limit of the same run (ARGS="--objects 200", ARGS="--scale 1000")
	$(SETUP) --kubernetes
	@exec $(BIN)/python -u -m benchmarks $(ARGS)

soak:  ## Everything at random on real clusters, then all must agree (ARGS="--minutes 1 --seed 7")
	$(SETUP) --kubernetes
	@exec $(BIN)/python -u -m benchmarks.soak $(ARGS)

screenshots:  ## Take the screenshots of docs/screenshots anew
	$(SETUP) --browser --kubernetes
	@exec $(BIN)/python -m tests.browser.screenshots

clean:  ## Remove what was made here; the cached Kubernetes stays
	rm -rf .venv var .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
