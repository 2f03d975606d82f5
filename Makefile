# `make` lists the targets. Everything runs from .venv, which the first target that needs it makes.

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3.11
BIN := .venv/bin
STAMP := .venv/installed
export SNOWFLAKE_DISABLE_PLATFORM_DETECTION := true
# Each program that a target starts would otherwise compile its modules again, each pytest its tests.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 16

.PHONY: venv
venv: $(STAMP) ## Make .venv with everything, from requirements.lock

$(STAMP): requirements.lock pyproject.toml flocon/pyproject.toml
	@command -v $(PYTHON) > /dev/null || { echo "$(PYTHON) is missing: install Python 3.11, or say make PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || { echo "$(PYTHON) is not Python 3.11" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps -e ./flocon -e .
	$(BIN)/python -m pip check
	chmod 600 .snowflake/config.toml .snowflake/connections.toml
	@touch $(STAMP)

.PHONY: demo
demo: venv ## The whole pipeline on this machine, to the end, with a summary (about two minutes)
	@$(BIN)/caves demo

.PHONY: up
up: venv ## The same, kept running until Ctrl-C
	@$(BIN)/caves up

.PHONY: kafka
kafka: venv ## Apache Kafka on port 9092, data in .kafka, until Ctrl-C (needs Java 17 and Maven)
	@$(BIN)/caves broker --kind kafka

.PHONY: chromium
chromium: ## Debian's Chromium, in which the dashboard is tested
	@command -v chromium > /dev/null || { \
	  [ "$$(id -u)" = 0 ] && as= || as=sudo; \
	  $$as apt-get update -qq && $$as env DEBIAN_FRONTEND=noninteractive \
	    apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core fonts-noto-color-emoji; \
	} || { echo "chromium is missing, and apt cannot install it" >&2; exit 1; }

PYTEST = $(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder

.PHONY: pictures
pictures: venv chromium ## The pictures of the dashboard in docs/, of a shop with four weeks of sales
	$(BIN)/python -m tests.pictures

.PHONY: test
test: venv chromium ## All tests: the pipeline's and flocon's
	$(PYTEST)

.PHONY: test-pipeline
test-pipeline: venv chromium ## The pipeline's tests
	$(PYTEST) tests

.PHONY: test-flocon
test-flocon: venv ## The tests of flocon, the account on this machine
	$(PYTEST) -c pyproject.toml flocon/tests

.PHONY: test-plain
test-plain: venv ## The account's conformance tests without what exists for speed alone
	FLOCON_PLAIN=1 $(BIN)/python -m pytest -n 3 --dist loadfile flocon/tests/conformance

.PHONY: test-tools
test-tools: venv ## dbt, dlt, SQLAlchemy, schemachange, the connector's version 5 beside the account
	FLOCON_TOOLS=1 $(BIN)/python -m pytest flocon/tests/tools

.PHONY: test-card
test-card: venv ## The three habits of README, in virtual environments made for it
	CARD=1 $(BIN)/python -m pytest tests/test_card.py

.PHONY: events
events: venv ## Write what procedures/event_kinds.py declares into app/sql and docs
	$(BIN)/python -m tests.procedures.derived

ROUNDS ?= 1
SEED ?= 1
BROKER ?= tansu

.PHONY: chaos
chaos: venv ## Kill, freeze and cut the pipeline under load, then judge it; ROUNDS=n SEED=s BROKER=kafka FILES=1
	@$(BIN)/python -m tests.chaos --rounds $(ROUNDS) --seed $(SEED) --broker $(BROKER) $(if $(FILES),--files)

.PHONY: bench-account
bench-account: venv ## The local account under a steady load: does its memory stay flat? (MINUTES=60)
	$(BIN)/python -m bench.account_load --minutes $(or $(MINUTES),60) --warm-up $(or $(WARM_UP),15)

.PHONY: bench-backlog
bench-backlog: venv ## Many messages while the account is away: does the ingester's memory stay bounded?
	$(BIN)/python -m bench.ingest_backlog --messages $(or $(MESSAGES),200000) --outage $(or $(OUTAGE),120)

.PHONY: bench-ingest
bench-ingest: venv ## Events per second from Kafka into RAW, beside other ways (MESSAGES=200000)
	$(BIN)/python -m bench.ingest --backlog $(or $(MESSAGES),200000)

.PHONY: bench-transforms
bench-transforms: venv ## The transforms beside SQL written by hand for DuckDB (EVENTS=10000,100000,1000000)
	$(BIN)/python -m bench.transforms --events $(or $(EVENTS),10000,100000) --profile

.PHONY: bench-growth
bench-growth: venv ## Does a cycle cost more with many rows behind it? (ROWS=0,1000000)
	$(BIN)/python -m bench.growth --rows $(or $(ROWS),0,1000000)

.PHONY: bench-latency
bench-latency: venv ## Seconds from an event to PRODUCTION, at three rates and two cadences (SECONDS_EACH=300)
	$(BIN)/python -m bench.latency --seconds $(or $(SECONDS_EACH),300)

.PHONY: bench-dashboard
bench-dashboard: venv chromium ## Seconds until a page of the dashboard is whole (ORDERS=1000,1000000)
	$(BIN)/python -m bench.dashboard --orders $(or $(ORDERS),1000,1000000)

.PHONY: bench-scale-out
bench-scale-out: venv ## One to three ingesters; readers beside the pipeline (MESSAGES=200000, SECONDS_EACH=60)
	$(BIN)/python -m bench.scale_out --backlog $(or $(MESSAGES),200000) --seconds $(or $(SECONDS_EACH),60)

.PHONY: bench
bench: MESSAGES = 50000
bench: SECONDS_EACH = 60
bench: bench-ingest bench-transforms bench-growth bench-latency bench-scale-out ## Short forms of the benchmarks of speed, one after the other

.PHONY: check
check: venv ## Format, lint, types, imports, SQL lint, workflow lint
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/sqlfluff lint app/sql app/caves/laws
	$(BIN)/jactionlint

.PHONY: docs
docs: venv ## The pages as a site, in site/; a broken link fails
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: refusals
refusals: venv ## Write flocon/docs/refusals.md, from what the account refuses
	$(BIN)/python flocon/tests/refusals.py

.PHONY: lock
lock: ## Resolve both pyproject.toml again into requirements.lock
	$(BIN)/pip-compile --quiet --all-extras --allow-unsafe --strip-extras --no-emit-find-links --no-emit-index-url --no-emit-trusted-host --output-file=requirements.lock pyproject.toml flocon/pyproject.toml

.PHONY: clean
clean: ## Remove what builds and runs have left, .venv excepted
	rm -rf .caves .flocon .kafka .local site .mypy_cache .pytest_cache .ruff_cache .hypothesis output dependencies dependencies.zip requirements.snowflake.txt
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf
