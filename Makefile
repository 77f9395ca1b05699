# Two commands do everything, set-up included: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python

.PHONY: demo test bench lint clean help

help:            ## say what there is
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(VENV)/installed: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "personalize needs Python 3.11 or newer, this is " + sys.version)'
	test -x $(RUN) || $(PYTHON) -m venv $(VENV)
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable .
	touch $@

$(VENV)/tested: $(VENV)/installed
	$(RUN) -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	touch $@

demo: $(VENV)/installed   ## start the demo shop, simulated shoppers and the gateway
	$(VENV)/bin/personalize demo $(ARGS)

test: $(VENV)/tested      ## run every test, the real Vendure included
	$(RUN) -m tests.vendure.server --prepare
	$(RUN) -m tests.browser
	$(RUN) -m pytest $(ARGS)

lint: $(VENV)/tested      ## ruff and strict mypy
	$(RUN) -m ruff check .
	$(RUN) -m ruff format --check .
	$(RUN) -m mypy

bench: $(VENV)/tested     ## measure beside nginx, Hive Gateway and the shops (5 minutes)
	$(RUN) -m bench $(ARGS)

clean:           ## remove what was set up
	rm -rf $(VENV) .cache .demo .mypy_cache .pytest_cache .ruff_cache .hypothesis
