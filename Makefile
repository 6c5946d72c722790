# `make run` and `make test` set up whatever they need; `make help` lists the rest.
VENV ?= .venv
PYTHON ?=
export VENV PYTHON

# Processes that run the tests side by side. More than cores makes tests with real cameras and clips late.
WORKERS ?= 2

BIN := $(VENV)/bin
APP := $(VENV)/.ferdesk-app
DEV := $(VENV)/.ferdesk-dev

.DEFAULT_GOAL := help
.PHONY: run test test-training fuzz setup lint format types contracts bench screenshots help clean system

run: system $(APP) ## set up what is missing and start ferdesk
	@sh tools/run.sh

test: system $(DEV) ## set up what is missing and run the tests; WORKERS=4 for four processes
	@QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(BIN)/python -m pytest -n $(WORKERS) --dist loadfile

test-training: $(DEV) ## two minutes of training: each method against plain cross entropy
	@QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(BIN)/python -m pytest -m training

fuzz: system $(DEV) ## random checkpoints, pictures, settings and options; N=20 for 20 rounds
	@QT_QPA_PLATFORM=$${QT_QPA_PLATFORM:-offscreen} $(BIN)/python -m pytest -m fuzz --fuzz $(or $(N),1)

setup: system $(DEV) ## everything for development: application, trainer, tests, linters

lint: $(DEV) ## ruff: rules and formatting
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

format: $(DEV) ## ruff: mend and format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

types: $(DEV) ## mypy
	@$(BIN)/mypy ferdesk trainer benchmarks

contracts: $(DEV) ## who may import whom (docs/architecture.md)
	@$(BIN)/lint-imports --no-logo

bench: system $(APP) ## measure every stage on the built-in sample
	@$(BIN)/python -m ferdesk bench

screenshots: system $(APP) ## take the pictures in docs/ from the real program
	@QT_QPA_PLATFORM=offscreen $(BIN)/python tools/screenshots.py --docs

clean: ## remove .venv, caches and out/
	rm -rf $(VENV) out build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 20

system:
	@sh tools/setup.sh system

# Order matters where both are asked for: DEV includes APP and marks it as done.
$(APP): pyproject.toml
	@sh tools/setup.sh venv

$(DEV): pyproject.toml
	@sh tools/setup.sh venv dev
