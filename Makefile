# Two commands matter: `make run` and `make test`. On a fresh machine they need Python 3.11 or newer and nothing else.
# A name that is found may still be a shim that does not run, so each is tried.
PYTHON ?= $(shell for p in python3 python3.11 python3.12 python3.13; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Lock with the oldest Python 3.11 that should work: with a newer one, what only older ones need is left out.
COMPILE ?= pip-compile
LOCK = CUSTOM_COMPILE_COMMAND="make lock" $(COMPILE) --quiet --generate-hashes --no-emit-index-url \
	--no-emit-find-links --strip-extras --allow-unsafe --no-header
# torch stands in no lock: each index serves builds of its own under one version (with or without CUDA), so their hashes
# differ from machine to machine. It is pinned here instead; TORCH="torch==2.13.0 --index-url ADDRESS" picks another index,
# such as PyTorch's own for processors only, which saves gigabytes on Linux. What a CUDA build brings is left out with it.
TORCH ?= torch==2.13.0
NOT_LOCKED = ^(torch|triton|nvidia-[a-z0-9-]+|cuda-[a-z0-9-]+)==
MADE_BY = \# Made by "make lock" from pyproject.toml; every package with the hashes of its files.

.PHONY: help run test check lock sbom pictures clean
.DEFAULT_GOAL := help

help: ## show this list
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

run: .venv/base ## the demo: web and background work on http://127.0.0.1:8000 (HOST and PORT override)
	@$(BIN)/engagement --config config/demo.toml run

# Many tests start processes of the service: with byte code at hand each start takes half as long. Three at once keep two
# cores busy while some wait.
test: .venv/dev ## the whole test suite (ARGS="-k word" narrows it)
	@PYTHONDONTWRITEBYTECODE= $(BIN)/python -m compileall -q -j 0 engagement tests .venv >/dev/null 2>&1 || true
	$(BIN)/python -m pytest -n 3 $(ARGS)

check: .venv/dev ## format, lint, types, the order of the floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest tests/test_architecture.py

lock: ## pin the dependencies anew from pyproject.toml (needs pip-tools; ARGS="--upgrade" takes newer versions)
	$(LOCK) $(ARGS) -o requirements/base.txt pyproject.toml
	$(LOCK) $(ARGS) -c requirements/base.txt --extra postgres --extra redis --extra train --extra detoxify \
		--extra onnx --extra export --extra dev -o requirements/dev.txt pyproject.toml
	@for lock in base dev; do \
		{ echo '$(MADE_BY)'; grep -v '^# Made by' requirements/$$lock.txt | \
			awk '/^[a-zA-Z]/ { kept = !/$(NOT_LOCKED)/ } NR == 1 || kept'; } > requirements/$$lock.new && \
		mv requirements/$$lock.new requirements/$$lock.txt; done

sbom: .venv/base ## write sbom.json (CycloneDX): every installed package with its licence
	$(BIN)/python .ci/sbom.py > sbom.json

pictures: .venv/dev ## take the pictures of the README anew (needs Chromium; ENGAGEMENT_CHROMIUM names it)
	$(BIN)/python docs/pictures/take.py

clean: ## remove what was installed here; the data under var/ stays
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; set PYTHON=/path/to/python3"; exit 1; }
	$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip uninstall --quiet --yes setuptools 2>/dev/null || true  # nothing here asks for it
	@touch $@

.venv/base: .venv/python requirements/base.txt pyproject.toml
	$(PIP) --no-compile --require-hashes -r requirements/base.txt
	$(PIP) --no-compile --no-deps -e .
	@# Byte code of what a start imports, and of nothing else: that of all packages is as large as half of them.
	@PYTHONDONTWRITEBYTECODE= $(BIN)/engagement --help >/dev/null
	@find .venv -path '*/site-packages/pip/*' -name __pycache__ -prune -exec rm -r {} +
	@touch $@

.venv/dev: .venv/base requirements/dev.txt
	$(PIP) --require-hashes --no-deps -r requirements/dev.txt
	$(PIP) $(TORCH)
	@touch $@
