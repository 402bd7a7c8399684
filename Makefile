# `make` lists the targets and the variables.

# An environment to use, or to make where there is none.
VENV ?= .venv
# Not every shell expands the tilde of VENV=~/env, and none does in quotation marks.
override VENV := $(patsubst ~/%,$(HOME)/%,$(VENV))
# The Python to make it with: the environment's own, else the first supported one that really runs
# (a version manager's stub may be on the path for a version that is not installed).
PYTHON ?= $(shell for python in $(VENV)/bin/python python3.12 python3.11 python3.10 python3.13 python3; do \
	$$python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
	2>/dev/null && echo $$python && break; done)
TORCH_INDEX ?=
FSDD ?=
AN4 ?=
PAIRS ?=
override FSDD := $(patsubst ~/%,$(HOME)/%,$(FSDD))
override AN4 := $(patsubst ~/%,$(HOME)/%,$(AN4))
override PAIRS := $(patsubst ~/%,$(HOME)/%,$(PAIRS))
ARGS ?=
WORKERS ?= 2

RUN := $(VENV)/bin/python

.DEFAULT_GOAL := help
.PHONY: help setup test lint demo digits an4 tatoeba clean need-fsdd need-an4 need-pairs

help: ## list the targets and the variables
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '%s\n' '' 'Variables, as in: make demo VENV=$$VIRTUAL_ENV' \
	'  VENV=DIR         environment to use (a venv or a conda prefix; its torch is kept), or to make: $(VENV)' \
	'  PYTHON=EXE       Python 3.10 to 3.13 to make it with' \
	'  TORCH_INDEX=URL  package index to take torch from, for instance a CPU-only or another CUDA build' \
	'  FSDD=DIR         recordings/ of the Free Spoken Digit Dataset, for make digits' \
	'  AN4=DIR          CMU AN4 as MFCC features, for make an4' \
	'  PAIRS=FILE       table of English and German sentences, for make tatoeba' \
	'  ARGS="…"         further arguments of the recipe (demo, digits, an4, tatoeba) or of pytest (test)' \
	'  WORKERS=N        processes that share the tests: $(WORKERS)'

setup: ## make or complete the environment (a few minutes at first, nothing to do afterwards)
	@python="$(PYTHON)"; test -n "$$python" || { echo 'setup: error: no Python 3.10 to 3.13 found:' \
	'install one and name it by PYTHON=/path/to/python3.11' >&2; exit 1; }; \
	"$$python" -c '' 2>/dev/null || { echo "setup: error: PYTHON=$$python does not run: name a Python 3.10" \
	'to 3.13, as PYTHON=/path/to/python3.11' >&2; exit 1; }; \
	"$$python" scripts/setup_environment.py --venv "$(VENV)" \
	$(if $(TORCH_INDEX),--torch-index "$(TORCH_INDEX)")

test: setup ## check the style, then run the tests
	"$(RUN)" -m ruff check .
	OMP_NUM_THREADS=1 "$(RUN)" -m pytest -q -n $(WORKERS) --dist loadfile $(ARGS)

lint: setup ## check the style only
	"$(RUN)" -m ruff check .

demo: setup ## train, decode and score on synthetic speech, from nothing (see examples/quickstart)
	"$(RUN)" -m examples.quickstart.run $(ARGS)

digits: need-fsdd setup ## the same on recorded digits (see examples/spoken_digits); needs FSDD=DIR
	"$(RUN)" -m examples.spoken_digits.run --recordings "$(FSDD)" --out runs/digits $(ARGS)

need-fsdd:
	@test -n "$(FSDD)" || { echo 'digits: error: say where the recordings are, by' \
	'FSDD=path/to/recordings; they are the folder recordings/ of a checkout of the' \
	'Free Spoken Digit Dataset' >&2; exit 1; }
	@test -d "$(FSDD)" || { echo 'digits: error: no folder $(FSDD): FSDD= has to name' \
	'recordings/ of the Free Spoken Digit Dataset' >&2; exit 1; }

an4: need-an4 setup ## the same on people who spell and say numbers (see examples/an4); needs AN4=DIR
	"$(RUN)" -m examples.an4.run --an4 "$(AN4)" --out runs/an4 $(ARGS)

need-an4:
	@test -d "$(AN4)" || { echo 'an4: error: no folder "$(AN4)": say by AN4=path/to/an4 where the' \
	'folders etc and feat of CMU AN4 as MFCC features are' >&2; exit 1; }

tatoeba: need-pairs setup ## on real sentences, synthetic speech (see examples/spoken_tatoeba); needs PAIRS=FILE
	"$(RUN)" -m examples.spoken_tatoeba.run --pairs "$(PAIRS)" --out runs/tatoeba $(ARGS)

need-pairs:
	@test -f "$(PAIRS)" || { echo 'tatoeba: error: no file "$(PAIRS)": say by PAIRS=path/to/en-de.tsv' \
	'where the table of English and German sentences is' >&2; exit 1; }

clean: ## remove build products and caches; the environment and runs/ stay
	rm -rf build dist *.egg-info .pytest_cache .ruff_cache .hypothesis __pycache__
	find interactive_st benchmarks docs examples tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +
