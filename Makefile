# The daily commands of Sluice. `make` alone lists them.

# In CI the build cache lives outside the clone, so that the next run finds it.
ifeq ($(CI),true)
export CARGO_TARGET_DIR ?= $(HOME)/.cache/sluice/target
endif

FRONTEND_SOURCES := $(shell find frontend -path frontend/node_modules -prune -o -path frontend/dist -prune -o -type f -print 2>/dev/null)

.DEFAULT_GOAL := help
.PHONY: help setup run cluster drills release test check generate bench fuzz frontend

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## /{printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Install what building and serving need (Debian 12)
	@scripts/setup run

run: setup frontend ## Build and serve everything on the embedded default; ARGS="--http-addr …" are passed on
	@cargo run --quiet -- serve $(ARGS)

cluster: frontend ## Build and run several APIs and workers on this machine, with PostgreSQL, RabbitMQ and HAProxy
	@scripts/setup test
	@cargo build --quiet
	@node scripts/cluster/main.mjs $(ARGS)

drills: frontend ## Break one part of a loaded cluster after the other and write down what happened
	@scripts/setup test
	@cargo build --release
	@cargo bench --quiet --locked -p sluice-worker --bench webrtc --no-run
	@SLUICE_BINARY=$${CARGO_TARGET_DIR:-target}/release/sluice node tests/drills/main.mjs $(ARGS)

release: setup frontend ## Build the optimised binary, target/release/sluice
	cargo build --release

test: ## Test everything: unit, end to end, browser; formats, lints, generated files
	@scripts/test

check: setup frontend ## The quick part of `make test`: formats, lints, types, house rules, generated files
	@scripts/check

generate: setup frontend ## Write the generated files: schema.graphql, GraphQL types, OpenAPI document
	@scripts/generate

bench: ## Measure, beside peers where one can be installed (see docs/reference/benchmarks.md)
	@scripts/setup bench
	@scripts/bench

fuzz: setup ## Fuzz what strangers can send; TARGET=rtmp_chunk, SECONDS_PER_TARGET=60
	@scripts/fuzz $(TARGET)

frontend: frontend/dist/.built ## Build the pages that the binary carries

frontend/node_modules/.installed: frontend/package.json frontend/package-lock.json
	@cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/.built: frontend/node_modules/.installed $(FRONTEND_SOURCES)
	@cd frontend && npm run --silent build
	@touch $@
