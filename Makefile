# Each target calls a script or a command that can also be called by hand.
LAB = .venv/bin/python -m lab

.PHONY: help venv cluster clean lab-up lab-down

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1  - /'

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
