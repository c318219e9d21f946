# Everything runs in .venv, which these targets make; PYTHON is any Python from 3.11 on.
PYTHON ?= python3
BIN := .venv/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1
PIP := $(BIN)/python -m pip install --quiet --constraint constraints.txt

.PHONY: demo test lint types unit bench study bundled clean

demo: .venv/demo.stamp  ## the whole loop on the bundled corpus, offline, into demo/
	@$(BIN)/feint demo

test: .venv/test.stamp .venv/studio.stamp lint types unit  ## everything that must hold

lint:
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports

types:  # the rooms under their import name, for mypy, which does not follow editable installs
	@mkdir -p build/view && ln -sfn ../.. build/view/feint
	MYPYPATH=build/view $(BIN)/mypy -p feint.corpus -p feint.annotation -p feint.models -p feint.pipeline

unit:
	$(BIN)/python -m pytest --cov --cov-report=term

bench: .venv/test.stamp  ## speed and memory as ratios against named peers in the same run
	$(BIN)/python -m tests.bench

study: .venv/test.stamp  ## bias, coverage, false alarms and power of every measure, on simulated runs whose truth is known
	$(BIN)/python -m tests.study

bundled: .venv/demo.stamp  ## train the detector that ships, from the bundled corpus
	$(BIN)/feint train --out models/bundled

clean:
	rm -rf .venv build demo .feint .coverage .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info

.venv/bin/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip

.venv/demo.stamp: .venv/bin/python pyproject.toml setup.py constraints.txt
	@echo "installing feint into .venv (some minutes on the first run)"
	$(PIP) --editable '.[hub]'
	@touch $@

.venv/test.stamp: .venv/bin/python pyproject.toml setup.py constraints.txt
	@echo "installing feint with all extras, linters and test tools into .venv (some minutes on the first run)"
	$(PIP) --editable '.[annotate,hub,inspect,scout,serve]' --group lint --group test
	@touch $@

.venv/studio.stamp: .venv/test.stamp annotation/label_studio.py
	$(BIN)/python -c 'from feint.annotation.label_studio import installed; installed(print)'
	@touch $@
