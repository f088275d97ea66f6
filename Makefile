# `make` prints the targets; each of them sets up what it needs.
.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9

# make test CLOCK=2028-02-29T12:00+01:00: tests, and the processes that they start, begin at that instant
ifdef CLOCK
export TRIPTYCH_CLOCK := $(CLOCK)
endif
# without bytecode every test process compiles again what it imports: a third of the time of `make quick`
unexport PYTHONDONTWRITEBYTECODE

STATIC := services/gateway/static/index.html
MODULES := console/node_modules/.package-lock.json
CONSOLE := contracts/published/openapi.yaml $(shell find console -name node_modules -prune -o -type f ! -name '*.gen.ts' -print)

.PHONY: help setup console run test quick nightly check console-check faults bench publish guide clean

help:  ## print these targets
	@printf 'Triptych: set the targets, watch the process, see the results\n\n'
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-8s %s\n", $$1, $$2}'

setup: .venv/ready  ## make .venv with everything that uv.lock pins, and build the console; repeatable
	@$(MAKE) --no-print-directory -s console || echo '==> the console was not built: see above. Everything else works; `make console` tries again'

.venv/ready: pyproject.toml uv.lock
	@echo '==> setting up .venv (Python packages as pinned in uv.lock)'
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Triptych needs Python 3.11 or newer; PYTHON=python3.12 make setup names another one")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check 'uv==$(UV_VERSION)'
	@UV_PROJECT_ENVIRONMENT=.venv $(BIN)/uv sync --frozen --quiet --inexact --compile-bytecode
	@touch .venv/ready
	@echo '==> ready: .venv/bin/triptych'

console: .venv/ready $(STATIC)  ## build the console's pages (Node.js 20.19 or newer: of this machine, else from PyPI)

$(MODULES): console/package-lock.json console/.npmrc
	@echo '==> fetching what the console is built with (as pinned in console/package-lock.json)'
	@PATH="$$(sh console/node.sh):$$PATH" && cd console && npm ci --silent

$(STATIC): $(MODULES) $(CONSOLE)
	@echo '==> building the console'
	@PATH="$$(sh console/node.sh):$$PATH" && cd console && npm run --silent build -- --logLevel warn

run: setup  ## everything on this machine, with a simulated company living in it
	@TRIPTYCH_DATA_DIR=$${TRIPTYCH_DATA_DIR:-.data/run} $(BIN)/triptych up --simulate

test: setup  ## every test that this machine can run, in short forms; lists what it cannot run, and why
	@if [ -e $(MODULES) ]; then PATH="$$(sh console/node.sh):$$PATH" && cd console && npm test --silent; else echo "not proven here: the console's own tests need Node.js"; fi
	@$(BIN)/pytest -n 2 --dist loadfile -m 'not alone and not nightly'; beside=$$?; $(BIN)/pytest -m 'alone and not nightly' && exit $$beside

quick: .venv/ready  ## the tests that start no broker and no process: half a minute, with few examples of each property
	@TRIPTYCH_TEST_EFFORT=0.1 $(BIN)/pytest -q -n 2 --dist loadfile --ignore tests/journeys --ignore tests/benchmarks -m 'not real and not slow and not journey and not nightly'

nightly: setup  ## exhaustive model checks, every property with ten times the examples, the long fault profile; hours
	@TRIPTYCH_TEST_EFFORT=10 $(BIN)/pytest -n 2 --dist loadfile --timeout 7200 -m 'not real and not alone'; models=$$?; $(MAKE) --no-print-directory faults PROFILE=long && exit $$models

check: .venv/ready console-check  ## static checks: ruff, mypy --strict, import rules, published contracts; the console's lint and types
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m dev.import_graph
	@$(BIN)/python -m dev.contract_files --check
	@$(BIN)/triptych map --check

console-check: $(wildcard $(MODULES))
	@if [ -e $(MODULES) ]; then PATH="$$(sh console/node.sh):$$PATH" && cd console && npm run --silent types && npm run --silent lint; else echo "not checked here: the console's lint and types need Node.js; see make console"; fi

faults: .venv/ready  ## kill, stop, partition and mislead the running system; PROFILE=ci or long; ONLY=kills does a part; writes docs/reports/faults*.md
	@TRIPTYCH_FAULTS=$(or $(PROFILE),ci) TRIPTYCH_FAULTS_REPORT=$(if $(ONLY),part,whole) $(BIN)/pytest $(if $(ONLY),$(patsubst %,tests/faults/test_%.py,$(ONLY)),tests/faults)

bench: .venv/ready .venv-bench/ready  ## throughput and latency beside raw aiokafka and comparable engines; writes docs/reports/speed.md; 20 minutes
	@$(BIN)/python -m dev.benchmark --report docs/reports/speed.md

.venv-bench/ready: pyproject.toml uv.lock
	@echo '==> setting up .venv-bench (what `make bench` compares with)'
	@UV_PROJECT_ENVIRONMENT=.venv-bench $(BIN)/uv sync --frozen --quiet --only-group bench
	@touch .venv-bench/ready

publish: .venv/ready  ## regenerate contracts/published/ and the event map
	@$(BIN)/python -m dev.contract_files
	@$(BIN)/triptych map

guide: console  ## take the guide's pictures anew, of a company with two years behind it
	@TRIPTYCH_TEST_GUIDE=yes TRIPTYCH_TEST_HISTORY_DAYS=760 $(BIN)/pytest -q tests/console/test_guide.py -k take_the_picture

clean:  ## remove .venv, .data and what the console was built into
	@rm -rf .venv .venv-bench .data console/node_modules services/gateway/static
