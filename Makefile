# Each target calls a script or a command that can also be called by hand.
BIN := $(CURDIR)/.venv/bin
LAB := .venv/bin/python -m lab
RUN := .venv/bin/python tests/run.py
export PATH := $(BIN):$(PATH)

.PHONY: help venv cluster clean lab-up lab-down test test-all lint sanity unit molecule fuzz parity bench

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1  - /'

# ---- environment and lab ----

venv: ## the Python environment in .venv
	@lab/make-venv.sh

cluster: venv ## a real cluster on this machine: one control plane, two workers
	@$(LAB) cluster

clean: venv ## remove the hosts, networks and volumes of that cluster; downloads and builds are kept
	@$(LAB) clean

lab-up: venv ## artifacts and bare hosts only
	@$(LAB) artifacts
	@$(LAB) up

lab-down: venv ## remove the hosts
	@$(LAB) down

# ---- tests ----

test: venv ## all of the checks and tests below but bench, and their count
	@$(RUN)

test-all: venv ## all of `test`, and the cluster on every supported minor version
	@$(RUN) --all

lint: venv ## yamllint, ruff, mypy, ansible-lint, changelog
	@$(RUN) yamllint ruff format mypy ansible-lint changelog

sanity: venv ## install the built collection, load its documentation, ansible-test sanity
	@$(RUN) sanity

unit: venv ## unit tests but those that run playbooks; no host is needed
	@$(RUN) unit

molecule: venv ## real clusters on hosts of their own, proven, compared with kubeadm's, and thrown away
	@$(RUN) molecule kubeadm ha

fuzz: venv ## 20,000 and more broken configurations and answers
	@$(RUN) fuzz

parity: venv ## every case and minor version against kubeadm's own bytes; shows what differs, writes docs/PARITY.md
	@.venv/bin/python -m tests.parity

bench: venv ## kubeadm by hand and site.yml on the same hosts, timed (ROUNDS=n, TOPOLOGY=ha), and the controller alone with up to 200
	@.venv/bin/python -m tests.bench --topology $(or $(TOPOLOGY),single) --rounds $(or $(ROUNDS),1)
	@.venv/bin/python -m tests.bench fleet --hosts $(or $(HOSTS),10 50 200)
