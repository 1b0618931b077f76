# Copyright (c) 2026 The netmend.reclaim authors
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help setup audit remediate rollback test test-quick fuzz lab lab-clean bench fixtures docs clean base system-packages

PYTHON := .venv/bin/python
# Named, because Ansible reads no ansible.cfg from a directory that anyone may write to.
export ANSIBLE_CONFIG := $(CURDIR)/ansible.cfg

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

audit: ## audit this machine, read-only; INVENTORY=hosts.yml LIMIT=web ARGS=-b for others
remediate: ## the same, and plan what would mend it; ARGS='-e reclaim_mode=apply -e reclaim_plans=DIR' mends
rollback: ## list what was done; ARGS='-e reclaim_transaction_id=latest' takes it back

audit remediate rollback: base
ifdef INVENTORY
	@.venv/bin/ansible-playbook -i '$(INVENTORY)' $(if $(LIMIT),--limit '$(LIMIT)') $(ARGS) netmend.reclaim.$@
else
	@if [[ $$(id -u) != 0 ]]; then echo "not root: what the audit cannot see is listed as unseen"; fi
	@.venv/bin/ansible-playbook -i localhost, -c local -e ansible_python_interpreter='{{ ansible_playbook_python }}' \
		$(ARGS) netmend.reclaim.$@
endif

test: setup system-packages ## every check and test; NAMES="kernel sanity-*" for some
	@$(PYTHON) tests/run.py $(NAMES)

test-quick: setup ## the checks that take seconds
	@$(PYTHON) tests/run.py --quick

fuzz: setup ## the property tests with new examples, many of each; minutes
	@PYTHONPATH=build/collections $(PYTHON) -m pytest -q -n 2 -m hypothesis --hypothesis-profile new tests/unit

setup: ## make .venv with Ansible and the developer's tools
	@tools/setup.sh dev

base:
	@tools/setup.sh base

system-packages:
	@tools/system-packages.sh

lab: setup ## hosts as network namespaces with the incident and other faults (root); inventory in build/lab
	@$(PYTHON) tests/lab/lab.py up

lab-clean: base ## remove them
	@$(PYTHON) tests/lab/lab.py down

bench: setup ## against ip, ss and setup (root), and the page in a browser; figures in build/bench.json and build/bench-page.json
	@$(PYTHON) tests/bench/run.py
	@$(PYTHON) tests/bench/page.py

fixtures: setup ## write what is generated anew: the captures of the rules' worlds (root), the rule catalogue
	@if [ "$$(id -u)" = 0 ]; then \
		PYTHONPATH=build/collections $(PYTHON) -m ansible_collections.netmend.reclaim.tests.fixtures.record; \
	else echo "not root: the captures are left as they are"; fi
	@PYTHONPATH=build/collections $(PYTHON) tools/catalogue.py

docs: export PATH := $(CURDIR)/.venv/bin:$(PATH)
docs: setup ## the documentation as HTML in build/docs/build/html
	@rm -rf build/docs && install -d -m 755 build/docs
	@antsibull-docs sphinx-init --use-current --squash-hierarchy --lenient --sphinx-theme alabaster \
		--project netmend.reclaim --title netmend.reclaim --copyright 'The netmend.reclaim authors' \
		--dest-dir build/docs netmend.reclaim >/dev/null
	@echo 'intersphinx_mapping = {}  # nothing is fetched while the pages are made' >>build/docs/conf.py
	@build/docs/build.sh >build/docs/log 2>&1 || { cat build/docs/log; exit 1; }
	@echo "build/docs/build/html/index.html"

clean: ## remove all that was made here: .venv, build, reports, caches
	rm -rf .venv build reports tests/output .ruff_cache .pytest_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
