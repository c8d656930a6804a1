# Everything here needs Python 3.11 or later and git; `make setup` brings the rest into .venv and
# .local, pinned with hashes.

.DEFAULT_GOAL := help
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:

# The first interpreter that works: a version manager's shim may have the name and not the version.
PYTHON ?= $(shell for name in python3.13 python3.12 python3.11 python3; do \
	"$$name" -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo "$$name"; break; }; done)

VENV := .venv/bin
SAM := .local/sam-venv/bin/sam
CHECKED := layers functions devstack tests benchmarks

export SAM_CLI_TELEMETRY := 0
# pip leaves the installed modules uncompiled, as most are never imported. Those that are must not be
# compiled again in each of hundreds of processes.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help: ## This list
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' \
		$(MAKEFILE_LIST)

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or later with the venv module is on PATH." \
		"Install one (on Debian: python3 and python3-venv), or say PYTHON=/path/to/python." >&2; \
		exit 1; }

# ------------------------------------------------------------------------------------ preparation

.PHONY: setup setup-dev setup-checks setup-engine setup-local setup-tests
setup: python ## Install everything that the other targets need (quick when it is done)
	@$(PYTHON) -m devstack.prepare

setup-dev: python
	@$(PYTHON) -m devstack.prepare development

setup-checks: python
	@$(PYTHON) -m devstack.prepare development sam checkov

setup-engine: python
	@$(PYTHON) -m devstack.prepare development dynamodb

setup-local: python
	@$(PYTHON) -m devstack.prepare development sam ministack

setup-tests: python
	@$(PYTHON) -m devstack.prepare development sam ministack runtime dynamodb

# ------------------------------------------------------------------------------------------ checks

.PHONY: check lint types template format
check: setup-checks ## Lint, format, types, template, policies
	@$(MAKE) --no-print-directory --jobs $(TOGETHER) lint types template

# Beside each other, each one's words in one piece where this make can do that.
TOGETHER := $(if $(filter output-sync,$(.FEATURES)),--output-sync=target)

lint: setup-dev
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .

types: setup-dev
	$(VENV)/mypy $(wildcard $(CHECKED))

template: setup-checks ## SAM's validator, cfn-lint and the policy scanner on template.yaml
	AWS_DEFAULT_REGION=us-east-1 $(SAM) validate --lint --template template.yaml
	$(VENV)/cfn-lint template.yaml
	.local/checkov-venv/bin/checkov --config-file devstack/checkov.yaml

format: setup-dev ## Rewrite the code in the project's format
	$(VENV)/ruff check --fix-only .
	$(VENV)/ruff format .

# ------------------------------------------------------------------------------------------- tests

# Each worker has its own DynamoDB Local; the end-to-end tests share one worker and one stack.
TEST_WORKERS ?= auto
PYTEST_ARGUMENTS ?=

.PHONY: test crash bench bench-scale
test: setup-tests ## Every test; PYTEST_ARGUMENTS="-m 'not e2e'" chooses
	$(VENV)/python -m pytest --numprocesses $(TEST_WORKERS) --dist loadgroup $(PYTEST_ARGUMENTS)

crash: setup-engine ## The exhaustive crash suite; prints its one line
	$(VENV)/python -m tests.crash.run

bench: setup-tests ## Measure against baselines; writes benchmarks/results.json
	$(VENV)/python -m benchmarks.run

bench-scale: setup-engine ## 100,000 enrolments, then a day of ten million messages as a model
	$(VENV)/python -m benchmarks.scale
	$(VENV)/python -m benchmarks.day

# ----------------------------------------------------------------------------------- on one machine

.PHONY: demo up down invoke
demo: setup-local ## The main job on this machine, from an empty stack to the closing table
	@$(VENV)/python -m devstack.demo

up: setup-local ## Start the local system and leave it running
	@$(VENV)/python -m devstack.up

down: setup-dev ## End what `make up` started
	@$(VENV)/python -m devstack.down

invoke: setup-local ## One function under AWS's runtime emulator: FUNCTION=webhook_sms EVENT=events/x.json
	@$(PYTHON) -m devstack.prepare runtime
	@$(VENV)/python -m devstack.invoke "$(FUNCTION)" "$(EVENT)"

# ------------------------------------------------------------------------------------------- on AWS

.PHONY: build deploy
build: setup-checks ## `sam build` for AWS
	PATH="$$($(PYTHON) -m devstack.interpreters):$$PATH" \
		LAYER_PYTHON="$(CURDIR)/$(VENV)/python" $(SAM) build

deploy: build ## `sam deploy --guided` with the AWS credentials of this shell
	$(SAM) deploy --guided

# ------------------------------------------------------------------------------------ housekeeping

.PHONY: requirements clean
requirements: python ## Pin the requirement files again (needs `uv` on PATH)
	$(PYTHON) -m devstack.pin

clean: ## Remove what `make` made
	@if [ -f .local/run/up.json ]; then $(MAKE) --no-print-directory down; fi
	rm -rf .venv .local .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis
