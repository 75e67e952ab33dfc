# `make` runs what CI runs. `make demo` and `make test` need nothing but Python 3.11+ and make.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: check demo test lint types contracts bench soak live docs screenshots clean

check: lint types contracts test

demo: $(READY)
	$(BIN)/afk demo

test: $(READY)
	$(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

contracts: $(READY)
	$(BIN)/lint-imports --no-cache

bench: $(READY)
	$(BIN)/python -m benchmarks

soak: $(READY)
	AFK_SOAK=1 $(BIN)/python -m pytest tests/test_interleavings.py tests/test_two_at_once.py tests/stories/test_crashes.py tests/stories/test_faults.py \
	  tests/slackbot/test_slackbot_kills.py tests/test_up.py tests/test_demo.py \
	  tests/core/test_slack_doorbell.py tests/slackbot/test_slackbot_rendering.py -s
	AFK_TEST_PREFECT=postgres $(BIN)/python -m pytest tests/flows
	$(BIN)/python -m pytest tests/flows/soak_kills.py tests/flows/soak_outages.py

live: $(READY)
	@$(BIN)/python -m pytest tests/contract -m live -rA || { [ $$? -eq 5 ] && \
	  echo "The environment names no real system: see 'Against the real systems' in docs/operating.md"; }

docs: $(READY)
	$(BIN)/python -m docs.generate

screenshots: $(READY)
	$(BIN)/python -m docs.screenshots
	$(BIN)/python -m docs.demo_pictures

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@
