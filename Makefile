# make demo    find a real filter in two pictures         make lint    ruff and mypy
# make test    the tests and the docstrings' examples     make docs    the site, in docs/_build/html
# make bench   every benchmark, one after another         make clean   back to a fresh clone
#
# Each builds the environment it needs in .venv first, and is quick when that is there.
#
#   PYTHON=python3.12     the interpreter to build .venv with
#   ARGS="-k boundary"    more arguments for the tool that runs
#   SYSTEM_PACKAGES=no    leave the system's package manager alone
#   BLAS_THREADS=2        of the tests, whose matrices are small: waking a second one costs more

PYTHON ?= python3
VENV ?= .venv
SYSTEM_PACKAGES ?= yes
BLAS_THREADS ?= 1
ARGS ?=

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
SETUP := SYSTEM_PACKAGES=$(SYSTEM_PACKAGES) sh tools/environment.sh

# One virtual environment, so one pip at a time.
.NOTPARALLEL:
.DELETE_ON_ERROR:
.PHONY: demo test lint docs bench clean cholmod

demo: $(VENV)/.demo cholmod
	$(BIN)/convmat demo $(ARGS)

test: $(VENV)/.test cholmod
	OPENBLAS_NUM_THREADS=$(BLAS_THREADS) $(BIN)/python -m pytest $(ARGS)

lint: $(VENV)/.lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy $(ARGS)

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -n -b html $(ARGS) docs docs/_build/html

bench: $(VENV)/.test cholmod
	@status=0; for file in benchmarks/*.py; do \
	    test -e "$$file" || continue; \
	    echo "== $$file"; $(BIN)/python "$$file" $(ARGS) || status=1; \
	done; exit $$status

clean:
	rm -rf $(VENV) build dist convmat.egg-info docs/_build docs/generated docs/api/generated
	rm -rf .coverage .hypothesis .mypy_cache .pytest_cache .ruff_cache htmlcov convmat-demo.png
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# What each target needs of the package's extras. Lint needs the packages for their types.
$(VENV)/.demo: EXTRAS = cli,plot
$(VENV)/.test: EXTRAS = cli,plot,dask,test
$(VENV)/.lint: EXTRAS = cli,plot,dask,lint
$(VENV)/.docs: EXTRAS = cli,plot,docs

$(VENV)/.demo $(VENV)/.test $(VENV)/.lint $(VENV)/.docs: pyproject.toml $(VENV)/.python
	$(PIP) install --editable '.[$(EXTRAS)]'
	@touch $@

$(VENV)/.python:
	@$(SETUP) python "$(PYTHON)" $(VENV)
	@touch $@

# Not a stamp: where CHOLMOD cannot be had, every run says so, and looks whether it now can.
cholmod: $(VENV)/.python
	@$(SETUP) cholmod $(VENV)

# A .venv keeps its interpreter, so a different one asked for would silently not be used.
ifneq ($(origin PYTHON),file)
ifneq ($(wildcard $(VENV)/.python),)
ifneq ($(filter clean,$(MAKECMDGOALS)),clean)
version = $(shell $(1) -c 'import sys; print("%d.%d" % sys.version_info[:2])')
ifneq ($(call version,"$(PYTHON)"),$(call version,$(BIN)/python))
$(error $(VENV) was built with Python $(call version,$(BIN)/python), not with $(PYTHON): \
    run `make clean` first, or name another folder with VENV=)
endif
endif
endif
endif
