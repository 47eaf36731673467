BIN := $(CURDIR)/.venv/bin
export PATH := $(BIN):$(PATH)

.DEFAULT_GOAL := help

# ---- tests ---------------------------------------------------------------------------------------------------------

.PHONY: help test lint sanity unit parity molecule bench

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

test: venv ## everything below but bench, with a summary
	@$(BIN)/python tests/run.py

lint: venv ## yamllint, ruff, mypy, ansible-lint
	@$(BIN)/python tests/run.py yamllint ruff format mypy ansible-lint changelog

sanity: venv ## build and install the collection, load its documentation, ansible-test sanity
	@$(BIN)/python tests/run.py sanity

unit: venv ## unit tests (no host needed)
	@$(BIN)/python tests/run.py unit

parity: venv ## compare a lab cluster with what kubeadm writes
	@$(BIN)/pytest tests/parity

molecule: venv ## a real cluster on lab hosts, proven and thrown away
	@$(BIN)/python tests/run.py molecule

bench: venv ## kubeadm by hand against site.yml on the same lab hosts (ROUNDS=n)
	@$(BIN)/python -m tests.bench --rounds $(or $(ROUNDS),1)
