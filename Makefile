# Tools live in .venv (and .venv-sam, .venv-bench), built from the lock files in requirements/ when first needed.
PYTHON ?= python3
VENV := .venv/.complete
SAM_VENV := .venv-sam/.complete
BENCH_VENV := .venv-bench/.complete
BIN := .venv/bin
SAM := SAM_CLI_TELEMETRY=0 PYTHON=$(abspath $(BIN)/python) .venv-sam/bin/sam
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
UV_COMPILE := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --no-header --generate-hashes
SIM = $(BIN)/python -m testkit.simulator --seeds $(or $(SEEDS),2000)
E2E = $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
E2E_LONG := $(patsubst %,tests/e2e/test_%.py,access calls hostile ops races sign_in sweep_schedule)
SOURCES := layers functions ops local tools testkit tests benchmarks
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help

.PHONY: help
help: ## What there is
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- run it ----------------------------------------------------------------------------------------------------------

.PHONY: demo up down status env invoke ops
demo: $(VENV) ## The whole story over HTTP, on a local stack of its own
	@$(BIN)/python -m local demo

up: $(VENV) ## Start the local stack in the background (PORT, CLAIM_WINDOW_SECONDS: see local/settings.py)
	@$(BIN)/python -m local up

down: $(VENV) ## Stop it
	@$(BIN)/python -m local down

status: $(VENV) ## Say what runs
	@$(BIN)/python -m local status

env: $(VENV) ## Print shell variables for calling it with curl (see README.md)
	@$(BIN)/python -m local env

invoke: $(VENV) sam-if-docker ## One function by `sam local invoke`, on that stack: EVENT=events/purchase_buy.json
	@$(BIN)/python -m local invoke --event "$(EVENT)" --function "$(FUNCTION)"

ops: $(VENV) ## What operators run, on that stack: DO=audit, or settle, replay, recount (docs/runbook.md)
	@$(BIN)/python -m local.ops $(DO)

# --- test it ---------------------------------------------------------------------------------------------------------

.PHONY: test coverage unit integration conformance e2e e2e-long e2e-long-calls e2e-long-pages browser screenshots canaries sam fuzz sim mutants mutmut races crash proof recommendations bench
test: $(VENV) ## The tests: rules, handlers on a table in memory, the simulator, calls and pages on the local stack
	@$(BIN)/python -m pytest tests/unit tests/integration tests/sim --numprocesses 2
	@$(SIM)
	@$(E2E) tests/e2e $(addprefix --ignore=,$(E2E_LONG))
	@$(E2E) tests/browser -m "not long"

coverage: $(VENV) ## What of the package the rules' and handlers' tests reach; takes twice their time
	@$(BIN)/python -m pytest tests/unit tests/integration --cov --numprocesses 2

unit: $(VENV) ## Rules and states, without any I/O
	@$(BIN)/python -m pytest tests/unit

integration: $(VENV) ## The handlers on a table in memory
	@$(BIN)/python -m pytest tests/integration

conformance: $(VENV) ## The table in memory, held against moto, the local engine and what DynamoDB documents
	@$(BIN)/python -m pytest tests/conformance --numprocesses 2
	@$(BIN)/python -m testkit.conformance

e2e: $(VENV) ## Over HTTP, on the local stack
	@$(E2E) tests/e2e

e2e-long: e2e-long-calls e2e-long-pages ## What of that takes longer: who may what, every call, small races, operators; more of the pages

e2e-long-calls: $(VENV)
	@$(E2E) $(E2E_LONG)

e2e-long-pages: $(VENV)
	@$(E2E) tests/browser -m long

browser: $(VENV) ## The pages in a real browser, on the local stack; skipped where there is none
	@$(E2E) tests/browser

screenshots: $(VENV) ## The same, and docs/screenshots from it
	@SCREENSHOTS=1 REQUIRE_BROWSER=1 $(E2E) tests/browser

canaries: $(VENV) ## Every byte that anybody gets and every log line, held against who may see what
	@$(BIN)/python -m pytest tests/canaries

sam: $(VENV) sam-if-docker ## What `sam build` makes, run by `sam local`, where a Docker daemon answers
	@$(BIN)/python -m pytest tests/sam --numprocesses 2 --dist loadfile

fuzz: $(VENV) ## Every operation asked with data of all kinds, on a local stack of its own (see testkit/fuzz/__main__.py)
	@$(BIN)/python -m testkit.fuzz

sim: $(VENV) ## What seeds stand for: calls in any order, under every fault; SEEDS=100:200, see testkit/simulator/__main__.py
	@$(SIM)

mutants: $(VENV) ## Check that every seeded fault is detected
	@$(BIN)/python -m testkit.mutants

mutmut: $(VENV) ## Every small change to a function of the domain, held against the unit tests (testkit/mutants/domain.py)
	@$(BIN)/python -m testkit.mutants.domain

races: $(VENV) ## Many people want the same over HTTP: a hundred races (see testkit/races/__main__.py)
	@$(BIN)/python -m testkit.races

crash: $(VENV) ## Functions and the runner are killed in the middle of the work (see testkit/crash/__main__.py)
	@$(BIN)/python -m testkit.crash

proof: $(VENV) ## The long proofs, by hand and before a release; hours: docs/reliability.md has their figures
	@$(MAKE) --no-print-directory sim SEEDS=50000
	@$(MAKE) --no-print-directory mutants mutmut
	@PROOF=1 $(BIN)/python -m pytest tests/integration/test_audit_of_corruption.py -k large
	@FUZZ_REQUESTS=10000 FUZZ_SECONDS=120 $(BIN)/python -m testkit.fuzz
	@$(BIN)/python -m testkit.races
	@$(BIN)/python -m testkit.crash

recommendations: $(VENV) ## How good the recommendations are, on a made-up market, beside popularity and chance
	@$(BIN)/python -m testkit.recommendations

bench: $(VENV) $(BENCH_VENV) ## What it costs and how fast it is, beside references and goals; ONLY="cold warm" for some of it
	@PYTHONPATH=layers/core/python $(BIN)/python -m benchmarks $(ONLY)

.PHONY: sam-if-docker
sam-if-docker:
	@if [ -n "$(REQUIRE_SAM_LOCAL)" ] || docker info >/dev/null 2>&1; then $(MAKE) --no-print-directory --silent $(SAM_VENV); fi

# --- check it --------------------------------------------------------------------------------------------------------

.PHONY: check static lint types security generated locked vulnerabilities format
check: static demo test side-by-side ## The gate: all that CI runs

static: $(VENV) ## What reads the code, two at a time: style, types, security, what is generated and locked
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint types security vulnerabilities generated locked

.PHONY: side-by-side gates
side-by-side: ## What takes longer, two at a time: more calls and pages, canaries, sam, fuzz, the table in memory, benchmarks
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),20) $(MAKE) --no-print-directory --jobs 2 --output-sync=target \
	  e2e-long-calls canaries e2e-long-pages sam fuzz conformance gates

gates: $(VENV) ## That nothing got slower or dearer than it may be (benchmarks/gates.py)
	@PYTHONPATH=layers/core/python $(BIN)/python -m benchmarks.gates

lint: $(VENV) ## Style, import rules, template
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/python -m tools.wording
	@PYTHONPATH=layers/core/python $(BIN)/lint-imports --no-cache >.import-linter.log || { cat .import-linter.log; exit 1; }
	@rm -f .import-linter.log
	@$(BIN)/cfn-lint template.yaml

types: $(VENV) ## mypy --strict, tests included
	@$(BIN)/mypy

# ruff reads the rest of the code for the same (S).
security: $(VENV) ## bandit: all it knows of what runs on Lambda or for operators, what is not minor of the local stack and tools
	@$(BIN)/bandit --quiet --recursive layers functions ops
	@$(BIN)/bandit --quiet --severity-level medium --recursive local tools

generated: $(VENV) ## Whether what is made from the code is as the code has it
	@$(BIN)/python -m tools generate --check

# Versions that were locked stay: this resolves again only what pyproject.toml changed.
locked: $(VENV) ## Whether the lock files are those of pyproject.toml
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	cp layers/dependencies/requirements.txt "$$scratch/layer.txt"; cp requirements/*.txt "$$scratch"; \
	$(UV_COMPILE) pyproject.toml -o "$$scratch/layer.txt" >/dev/null; \
	$(UV_COMPILE) pyproject.toml --group dev --group lock -o "$$scratch/dev.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:sam -o "$$scratch/sam.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:bench -o "$$scratch/bench.txt" >/dev/null; \
	diff -q "$$scratch/layer.txt" layers/dependencies/requirements.txt \
	  && diff -q "$$scratch/dev.txt" requirements/dev.txt && diff -q "$$scratch/sam.txt" requirements/sam.txt \
	  && diff -q "$$scratch/bench.txt" requirements/bench.txt \
	  || { echo "Run: make lock" >&2; exit 1; }

vulnerabilities: $(VENV) ## Known vulnerabilities of what runs on Lambda (asks the network)
	@$(BIN)/python -m tools vulnerabilities

format: $(VENV) ## Put the code into shape
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

# --- build it --------------------------------------------------------------------------------------------------------

.PHONY: generate covers build lock deploy clean
generate: $(VENV) ## Write what is made from the code: docs/reference, events, the OpenAPI document
	@$(BIN)/python -m tools generate

covers: $(VENV) ## Draw the covers as PNG, for previews of links, where an SVG is new (takes a browser)
	@$(BIN)/python -m tools covers

build: $(VENV) $(SAM_VENV) ## sam build; SNAPSTART=1 for functions that start from snapshots (docs/adr/0015)
	@$(if $(SNAPSTART),$(BIN)/python -m tools snapstart)
	@$(SAM) build $(if $(SNAPSTART),--template-file .local/template-snapstart.json --base-dir .)

deploy: ## How to deploy
	@echo "make build && .venv-sam/bin/sam deploy --guided   (needs an AWS account; asks before it changes anything)"

lock: $(VENV) ## Write the lock files from pyproject.toml
	@$(UV_COMPILE) pyproject.toml -o layers/dependencies/requirements.txt
	@$(UV_COMPILE) pyproject.toml --group dev --group lock -o requirements/dev.txt
	@$(UV_COMPILE) --group pyproject.toml:sam -o requirements/sam.txt
	@$(UV_COMPILE) --group pyproject.toml:bench -o requirements/bench.txt

clean: ## Remove everything that was built; stop the local stack first
	@rm -rf .venv .venv-sam .venv-bench .aws-sam .local dist htmlcov .coverage .coverage.* .*_cache .hypothesis

$(VENV): requirements/dev.txt
$(SAM_VENV): requirements/sam.txt
$(BENCH_VENV): requirements/bench.txt
# A lock file is complete, so pip has nothing to resolve. An interrupted installation has no stamp and goes on next time.
$(VENV) $(SAM_VENV) $(BENCH_VENV):
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null || { \
	  echo "Needs Python 3.11 or newer, and '$(PYTHON)' is not: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing $< into $(@D) ..." >&2
	@[ -x "$(@D)/bin/pip" ] || "$(PYTHON)" -m venv "$(@D)" || { \
	  echo "'$(PYTHON)' cannot make a virtual environment (on Debian: apt install python3-venv)" >&2; exit 1; }
	@"$(@D)/bin/python" $(INSTALL) -r "$<"
	@touch "$@"
