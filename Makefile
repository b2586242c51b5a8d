# Everything a clone needs, with nothing but python3 (3.11 or newer) and a package registry.
# The locks carry hashes: pip refuses anything else than what was tested.

PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help demo test check bench real-models lock wheel clean

help:            ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 14

demo: $(VENV)/.run           ## install into .venv and watch the embedded model answer questions
	$(BIN)/agot demo

test: $(VENV)/.dev           ## install everything and run the tests
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile $(ARGS)

real-models: $(VENV)/.dev    ## fetch a small real model (98 MB) for the tests that run one
	$(BIN)/python tests/real_models.py

check: $(VENV)/.dev          ## lint, types, and who may import whom
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev          ## rerun every figure of the README
	$(BIN)/python -m benchmarks $(ARGS)

wheel: $(VENV)/.dev          ## build dist/agot-*.whl
	$(PIP) wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .

lock:                        ## renew the locks (needs uv)
	uv pip compile $(LOCK) --extra dev pyproject.toml -o constraints.txt
	echo 'setuptools>=77' | uv pip compile $(LOCK) -c constraints.txt pyproject.toml - -o constraints-run.txt

LOCK := --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url --no-emit-find-links

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("agot needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

# The project itself cannot carry a hash, so it is installed last, alone, and builds with the locked setuptools.
$(VENV)/.run: constraints-run.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing into $(VENV) what constraints-run.txt lists, and agot: a minute or two, and only the first time."
	$(PIP) install --quiet --require-hashes -r constraints-run.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: constraints.txt pyproject.toml | $(VENV)/bin/python
	$(PIP) install --quiet --require-hashes -r constraints.txt
	$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@ $(VENV)/.run

clean:           ## remove what can be made again
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
