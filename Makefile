# `make demo` and `make test` set everything up by themselves; they need python3.11+ with venv, make and git.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV ?= .venv
BIN := $(VENV)/bin

# Tests start hundreds of processes: each would compile the whole product anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo tls-matrix test explore matrix rules test-web test-postgres pictures lint unit bench interop interop-npm campaign lock clean

demo: $(VENV)/product
	$(BIN)/evse demo

# Both at once: the linters use what processor time the tests leave while they wait for other processes.
test: $(VENV)/dev
	$(MAKE) --jobs 2 lint unit

lint: $(VENV)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

# Two workers more than the two cores of the smallest machine, because many tests wait for other processes.
unit: $(VENV)/dev
	$(BIN)/pytest -n 4 --dist worksteal

# Which certification case and requirement is shown by which test: runs those tests, prints the table.
matrix: $(VENV)/dev
	$(BIN)/pytest -n 2 --dist worksteal -q --matrix build/matrix.json
	$(BIN)/python tools/requirements.py build/matrix.json

# Every safety rule: source, owner on each board, the tests that break it and keep it, the latencies they measured. Some of
# these are measured in real time and are no part of `make test`; it takes two minutes.
rules: $(VENV)/dev
	$(BIN)/pytest -q -m "enforces or lets_pass or times" --matrix build/rules.json tests/hal
	$(BIN)/python -m tools.rules build/rules.json

# The CSMS's pages in a real browser; skipped, with the reason, where there is no Chromium.
test-web: $(VENV)/dev
	$(BIN)/pytest tests/web/journey.py

# The CSMS's database on a PostgreSQL that is started for it in a temporary folder.
test-postgres: $(VENV)/dev
	$(BIN)/python -m tests.csms.postgres

pictures: $(VENV)/dev
	$(BIN)/python -m tests.web.picture docs/images

# Every TLS and PKI case with what came of it, from the tests that passed.
tls-matrix: $(VENV)/dev
	EVSE_TLS_MATRIX=tests/campaigns/results/tls.md $(BIN)/pytest -q tests/security tests/interop/test_openssl_server.py \
	  tests/interop/test_token.py

bench: $(VENV)/dev
	$(BIN)/python -m tests.benchmarks

# The foreign CSMS of tests/interop/test_ocpp_rpc.py, which is skipped without it.
interop-npm:
	npm ci --prefix tests/interop/ocpp_rpc

# Whole sessions of ISO 15118 with a foreign car and a foreign charger, some ten minutes, and 10,000 random messages of every
# schema judged by a foreign codec, some 50: needs Java, openssl and Linux with unshare, nsenter, ip and veth.
interop: $(VENV)/dev
	$(BIN)/python -m tools.v2g.interop --results tests/campaigns/results/interop.md
	$(BIN)/pytest tests/interop/exi -m "campaign or not campaign" --timeout=0 -s

# Every property-based test with examples that nobody has seen yet; what fails is printed with the way to draw it again.
explore: $(VENV)/dev
	$(BIN)/pytest -n 2 --dist worksteal -q -m "hypothesis and not campaign" --hypothesis-profile explore

campaign: $(VENV)/dev
	$(BIN)/pytest -m campaign --timeout=0 -s

# Every package comes in the version and with the hash that the lock names; ours is installed in place.
$(VENV)/pip:
	$(PYTHON) -m venv $(VENV)
	touch $@

$(VENV)/product: $(VENV)/pip requirements/product.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/product.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

$(VENV)/dev: $(VENV)/pip requirements/dev.txt pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@ $(VENV)/product

# Writes the locks anew from the ranges in pyproject.toml.
lock: $(VENV)/dev
	$(BIN)/python tools/lock.py

clean:
	rm -rf $(VENV) build dist
