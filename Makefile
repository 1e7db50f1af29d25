# Everything that one does with this checkout. The work itself is in infra/bin/.
.DEFAULT_GOAL := help
.PHONY: help setup demo test lint audit bench clean

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Install all that is missing; leaves .venv/bin/portal
	@infra/bin/setup run

demo: ## Set up, make a demonstration event and serve it (PORT=8000)
	@PORT="$(PORT)" infra/bin/demo

test: ## Set up and run every test (ARGS="tests/unit -k cues" runs some)
	@infra/bin/test $(ARGS)

lint: ## Set up and check style and types
	@infra/bin/lint

audit: ## Ask the advisory databases about our dependencies (needs the network)
	@infra/bin/audit

bench: ## Set up and measure (BENCH=media measures one thing)
	@infra/bin/bench $(BENCH)

clean: ## Remove what set-up, builds and tests left; data/ stays
	@infra/bin/clean
