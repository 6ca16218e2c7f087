# Tools are installed into .venv (and .venv-sam, .venv-bench, .venv-checkov, .venv-sbom, .venv-site) from the lock files in requirements/,
# when first needed.
PYTHON ?= python3
VENV := .venv/.complete
SAM_VENV := .venv-sam/.complete
BENCH_VENV := .venv-bench/.complete
CHECKOV_VENV := .venv-checkov/.complete
SBOM_VENV := .venv-sbom/.complete
SITE_VENV := .venv-site/.complete
BIN := .venv/bin
SAM := SAM_CLI_TELEMETRY=0 PYTHON=$(abspath $(BIN)/python) .venv-sam/bin/sam
INSTALL := -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes
UV_COMPILE := $(BIN)/uv pip compile --quiet --system-certs --universal --python-version 3.11 --no-header --generate-hashes
SIM = $(BIN)/python -m testkit.simulator --seeds $(or $(SEEDS),2000)
E2E = $(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder
E2E_LONG := $(patsubst %,tests/e2e/test_%.py,access calls hostile local_update ops races sign_in smoke sweep_schedule)
SOURCES := layers functions examples ops local tools testkit tests benchmarks
.SHELLFLAGS := -ec
.DEFAULT_GOAL := help

.PHONY: help
help: ## List targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "make %-15s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

# --- run -------------------------------------------------------------------------------------------------------------

.PHONY: demo up down status env clock logs invoke smoke preflight ops
demo: $(VENV) ## Demonstrate all features over HTTP, on a temporary local stack
	@$(BIN)/python -m local demo

up: $(VENV) ## Start the local stack in the background (PORT, CLAIM_WINDOW_SECONDS, POLICY: see local/settings.py)
	@$(BIN)/python -m local up

down: $(VENV) ## Stop the local stack
	@$(BIN)/python -m local down

status: $(VENV) ## List the running local stacks
	@$(BIN)/python -m local status

env: $(VENV) ## Print shell variables for calling the API with curl (README.md)
	@$(BIN)/python -m local env

clock: $(VENV) ## Read the time of the local stack, or advance it: ADVANCE=86400 (docs/test-clock.md)
	@$(BIN)/python -m local clock --advance "$(ADVANCE)"

logs: $(VENV) ## Print log lines: REQUEST_ID=... or TEXT=... selects them, FOLLOW=1 waits for more; STACK=name reads a stack on AWS
ifdef STACK
	@$(BIN)/python -m ops logs --stack "$(STACK)" $(if $(REQUEST_ID),--request-id "$(REQUEST_ID)",--text "$(TEXT)") $(if $(HOURS),--hours "$(HOURS)")
else
	@$(BIN)/python -m local logs --text "$(or $(REQUEST_ID),$(TEXT))" $(if $(FOLLOW),--follow)
endif

invoke: $(VENV) sam-if-docker ## Invoke a function by `sam local invoke` on the local stack: EVENT=events/purchase_buy.json
	@$(BIN)/python -m local invoke --event "$(EVENT)" --function "$(FUNCTION)"

smoke: $(VENV) ## Test the deployed stack STACK=name, or the local stack: the whole story of a gift, in about a minute
	@$(if $(STACK),$(BIN)/python -m ops smoke --stack "$(STACK)" $(if $(URL),--url "$(URL)"),$(BIN)/python -m local.ops smoke)

preflight: $(VENV) ## Show what the quotas of the AWS account let a stack hold, and what to ask for; STACK=name if it is deployed
	@$(BIN)/python -m ops preflight $(if $(STACK),--stack "$(STACK)")

ops: $(VENV) ## Run an operators' command on the local stack: DO="audit --json"; without DO, list the commands
	@$(BIN)/python -m local.ops $(DO)

# --- test ------------------------------------------------------------------------------------------------------------

.PHONY: test coverage unit integration interleavings conformance e2e e2e-long e2e-long-calls nightly pages browser screenshots canaries sam fuzz sim mutants mutmut races crash proof recommendations bench
test: $(VENV) ## Unit tests, integration tests, simulator, and tests of the API on the local stack
	@$(BIN)/python -m pytest tests/unit tests/integration tests/sim -m "not long" --numprocesses 2
	@$(SIM)
	@$(E2E) tests/e2e $(addprefix --ignore=,$(E2E_LONG))

coverage: $(VENV) ## Branch coverage of the unit and integration tests; takes twice their time
	@$(BIN)/python -m pytest tests/unit tests/integration --cov --numprocesses 2

unit: $(VENV) ## Unit tests: rules and states, no I/O
	@$(BIN)/python -m pytest tests/unit

integration: $(VENV) ## Integration tests: handlers on the in-memory table
	@$(BIN)/python -m pytest tests/integration

interleavings: $(VENV) ## Play every interleaving of calls that compete for the same units
	@$(BIN)/python -m pytest tests/sim -m "long and not nightly" --numprocesses 2

conformance: $(VENV) ## Compare the in-memory table with moto, the local engine and DynamoDB's documentation
	@$(BIN)/python -m pytest tests/conformance --numprocesses 2
	@$(BIN)/python -m testkit.conformance

e2e: $(VENV) ## End-to-end tests over HTTP, on the local stack
	@$(E2E) tests/e2e

e2e-long: $(VENV) ## Slow end-to-end tests: authorization matrix, every operation, races, operator commands, more page tests
	@$(E2E) $(E2E_LONG)
	@$(E2E) tests/browser -m long

e2e-long-calls: $(VENV)
	@$(E2E) $(E2E_LONG) -m "not nightly"

nightly: $(VENV) ## Tests that CI runs every night: the largest of the authorization matrix and of the interleavings, more page tests
	@$(BIN)/python -m pytest tests/sim -m nightly --numprocesses 2
	@$(E2E) tests/e2e -m nightly
	@$(E2E) tests/browser -m long

pages: $(VENV) ## The faster half of the tests of the pages in a browser, on the local stack; skipped without a browser
	@$(E2E) tests/browser -m "not long"

browser: $(VENV) ## All tests of the pages in a browser
	@$(E2E) tests/browser

screenshots: $(VENV) ## Tests of the pages in a browser, and update docs/screenshots
	@SCREENSHOTS=1 REQUIRE_BROWSER=1 $(E2E) tests/browser

canaries: $(VENV) ## Compare every response and log line with the visibility table
	@$(BIN)/python -m pytest tests/canaries

sam: $(VENV) sam-if-docker ## Run the output of `sam build` by `sam local`; skipped without Docker
	@$(BIN)/python -m pytest tests/sam --numprocesses 2 --dist loadfile

fuzz: $(VENV) ## Send generated requests to every operation, on a temporary local stack (testkit/fuzz/__main__.py)
	@$(BIN)/python -m testkit.fuzz

sim: $(VENV) ## Simulate random operations under faults: SEEDS=2000 or SEEDS=100:200 (testkit/simulator/__main__.py)
	@$(SIM)

mutants: $(VENV) ## Check that the tests detect every seeded fault
	@$(BIN)/python -m testkit.mutants

mutmut: $(VENV) ## Check that the unit tests detect small changes to the domain (testkit/mutants/domain.py)
	@$(BIN)/python -m testkit.mutants.domain

races: $(VENV) ## Race tests over HTTP: many users compete for the same items (testkit/races/__main__.py)
	@$(BIN)/python -m testkit.races

crash: $(VENV) ## Crash tests: kill functions and the runner during work (testkit/crash/__main__.py)
	@$(BIN)/python -m testkit.crash

proof: $(VENV) ## Long proofs before a release; takes hours; results are in docs/reliability.md
	@$(MAKE) --no-print-directory sim SEEDS=50000
	@$(MAKE) --no-print-directory mutants mutmut
	@$(MAKE) --no-print-directory nightly
	@PROOF=1 $(BIN)/python -m pytest tests/integration/test_audit_of_corruption.py -k large
	@FUZZ_REQUESTS=10000 FUZZ_SECONDS=120 $(BIN)/python -m testkit.fuzz
	@$(BIN)/python -m testkit.races
	@$(BIN)/python -m testkit.crash

recommendations: $(VENV) ## Measure the quality of recommendations on a generated market
	@$(BIN)/python -m testkit.recommendations

bench: $(VENV) $(BENCH_VENV) ## Measure cost and latency against references and targets; ONLY="cold warm" for a part
	@PYTHONPATH=layers/core/python $(BIN)/python -m benchmarks $(ONLY)

.PHONY: sam-if-docker
sam-if-docker:
	@if [ -n "$(REQUIRE_SAM_LOCAL)" ] || docker info >/dev/null 2>&1; then $(MAKE) --no-print-directory --silent $(SAM_VENV); fi

# --- check -----------------------------------------------------------------------------------------------------------

.PHONY: check static lint types security scan site generated locked vulnerabilities format
check: static demo test side-by-side ## The gate: everything that CI runs

static: $(VENV) ## Static checks, two at a time
	@$(MAKE) --no-print-directory --jobs 2 --output-sync=target lint types security scan site vulnerabilities generated locked

.PHONY: side-by-side gates
side-by-side: ## Slow tests, two at a time: pages, e2e-long-calls, interleavings, canaries, sam, fuzz, conformance, gates
	@FUZZ_SECONDS=$(or $(FUZZ_SECONDS),20) $(MAKE) --no-print-directory --jobs 2 --output-sync=target \
	  e2e-long-calls pages interleavings canaries sam fuzz conformance gates

gates: $(VENV) ## Check the limits on modules, bytes and cold starts (benchmarks/gates.py)
	@PYTHONPATH=layers/core/python $(BIN)/python -m benchmarks.gates

lint: $(VENV) ## Check style, docstrings, imports, wording, templates and workflows
	@$(BIN)/ruff format --check --quiet $(SOURCES) || { echo "Run: make format" >&2; exit 1; }
	@$(BIN)/ruff check --quiet $(SOURCES)
	@$(BIN)/python -m tools.wording
	@PYTHONPATH=layers/core/python $(BIN)/lint-imports --no-cache >.import-linter.log || { cat .import-linter.log; exit 1; }
	@rm -f .import-linter.log
	@$(BIN)/cfn-lint
	@$(BIN)/cfn-lint --regions us-east-1 -- examples/web_acl.yaml
	@$(BIN)/cfn-lint -- .github/deploy-role.yaml
	@$(BIN)/zizmor --quiet --offline --persona pedantic .github

types: $(VENV) ## mypy --strict, tests included
	@$(BIN)/mypy

# ruff checks the rest of the code by its S rules.
security: $(VENV) ## bandit on deployed and operator code, less strict on the local stack and tools
	@$(BIN)/bandit --quiet --recursive layers functions ops
	@$(BIN)/bandit --quiet --severity-level medium --recursive local tools

scan: $(CHECKOV_VENV) ## Scan the template by checkov (.checkov.yaml); docs/security.md has the findings
	@.venv-checkov/bin/checkov --config-file .checkov.yaml

# NO_MKDOCS_2_WARNING leaves out a notice of the theme about its successor.
site: $(SITE_VENV) ## Build the documentation site in dist/site, and check all links within it
	@NO_MKDOCS_2_WARNING=1 .venv-site/bin/mkdocs build --quiet
	@echo "Open dist/site/index.html"

generated: $(VENV) ## Check that the generated files are up to date
	@$(BIN)/python -m tools generate --check

# Locked versions are kept; only changes of pyproject.toml are resolved.
locked: $(VENV) ## Check that the lock files match pyproject.toml
	@scratch=$$(mktemp -d); trap 'rm -rf "$$scratch"' EXIT; \
	cp layers/dependencies/requirements.txt "$$scratch/layer.txt"; cp requirements/*.txt "$$scratch"; \
	$(UV_COMPILE) pyproject.toml -o "$$scratch/layer.txt" >/dev/null; \
	$(UV_COMPILE) pyproject.toml --group dev --group lock -o "$$scratch/dev.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:sam -o "$$scratch/sam.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:bench -o "$$scratch/bench.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:checkov -o "$$scratch/checkov.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:sbom -o "$$scratch/sbom.txt" >/dev/null; \
	$(UV_COMPILE) --group pyproject.toml:site -o "$$scratch/site.txt" >/dev/null; \
	diff -q "$$scratch/layer.txt" layers/dependencies/requirements.txt \
	  && diff -q "$$scratch/dev.txt" requirements/dev.txt && diff -q "$$scratch/sam.txt" requirements/sam.txt \
	  && diff -q "$$scratch/bench.txt" requirements/bench.txt && diff -q "$$scratch/sbom.txt" requirements/sbom.txt \
	  && diff -q "$$scratch/checkov.txt" requirements/checkov.txt && diff -q "$$scratch/site.txt" requirements/site.txt \
	  || { echo "Run: make lock" >&2; exit 1; }

vulnerabilities: $(VENV) ## Report known vulnerabilities of the deployed packages (uses the network)
	@$(BIN)/python -m tools vulnerabilities

format: $(VENV) ## Format the code
	@$(BIN)/ruff check --quiet --fix-only $(SOURCES)
	@$(BIN)/ruff format --quiet $(SOURCES)

# --- build -----------------------------------------------------------------------------------------------------------

.PHONY: release-check released-routes import-template
import-template: $(VENV) ## Write the template that imports what a deleted stack left: KEPT="Table=NAME ..." (docs/runbook.md)
	@$(BIN)/python -m tools import-template --kept $(KEPT)

release-check: $(VENV) ## Report what an update from the last tag before HEAD would replace, delete or refuse; REF=... for another commit, ACCEPT=true to pass nevertheless
	@$(BIN)/python -m tools release-check --reference "$(REF)" $(if $(filter true,$(ACCEPT)),--accept)

released-routes: $(VENV) ## Write the routes with settings of a release, when it is tagged (CONTRIBUTING.md, A release)
	@$(BIN)/python -m tools released-routes

.PHONY: generate covers build lock sbom deploy clean
generate: $(VENV) ## Write the generated files: docs/reference, docs/events, events, the OpenAPI document
	@$(BIN)/python -m tools generate

covers: $(VENV) ## Draw new or changed covers as PNG for link previews; needs a browser
	@$(BIN)/python -m tools covers

build: $(VENV) $(SAM_VENV) ## sam build; SNAPSTART=1: SnapStart (docs/adr/0015); GRADUAL=1: gradual deployment (docs/adr/0029)
	@$(if $(SNAPSTART)$(GRADUAL),$(BIN)/python -m tools published $(if $(SNAPSTART),--snapstart) $(if $(GRADUAL),--gradual))
	@$(SAM) build $(if $(SNAPSTART)$(GRADUAL),--template-file .local/template-published.json --base-dir .)

deploy: ## Print the commands for a deployment
	@echo "make build && .venv-sam/bin/sam deploy --config-env dev   (or prod; needs an AWS account, see docs/sam.md)"

lock: $(VENV) ## Write the lock files from pyproject.toml
	@$(UV_COMPILE) pyproject.toml -o layers/dependencies/requirements.txt
	@$(UV_COMPILE) pyproject.toml --group dev --group lock -o requirements/dev.txt
	@$(UV_COMPILE) --group pyproject.toml:sam -o requirements/sam.txt
	@$(UV_COMPILE) --group pyproject.toml:bench -o requirements/bench.txt
	@$(UV_COMPILE) --group pyproject.toml:checkov -o requirements/checkov.txt
	@$(UV_COMPILE) --group pyproject.toml:sbom -o requirements/sbom.txt
	@$(UV_COMPILE) --group pyproject.toml:site -o requirements/site.txt

sbom: $(SBOM_VENV) ## List the deployed packages in dist/sbom.json (CycloneDX)
	@mkdir -p dist
	@.venv-sbom/bin/python -W ignore -m cyclonedx_py requirements --pyproject pyproject.toml --output-reproducible --output-file dist/sbom.json \
	  layers/dependencies/requirements.txt

clean: ## Delete everything that was built; stop the local stack first
	@rm -rf .venv .venv-sam .venv-bench .venv-checkov .venv-sbom .venv-site .aws-sam .local dist htmlcov .coverage .coverage.* .*_cache .hypothesis

$(VENV): requirements/dev.txt
$(SAM_VENV): requirements/sam.txt
$(BENCH_VENV): requirements/bench.txt
$(SBOM_VENV): requirements/sbom.txt
$(SITE_VENV): requirements/site.txt
# A lock file is complete, so pip resolves nothing. An interrupted installation has no stamp and continues the next time.
$(VENV) $(SAM_VENV) $(BENCH_VENV) $(SBOM_VENV) $(SITE_VENV):
	@"$(PYTHON)" -c 'import sys; sys.version_info >= (3, 11) or sys.exit(1)' 2>/dev/null || { \
	  echo "'$(PYTHON)' is not Python 3.11 or newer. Choose another one: make PYTHON=/path/to/python3.12" >&2; exit 1; }
	@echo "Installing $< into $(@D) ..." >&2
	@[ -x "$(@D)/bin/pip" ] || "$(PYTHON)" -m venv "$(@D)" || { \
	  echo "'$(PYTHON)' cannot create a virtual environment (on Debian: apt install python3-venv)" >&2; exit 1; }
	@"$(@D)/bin/python" $(INSTALL) -r "$<"
	@touch "$@"

# checkov needs a hundred packages, some of them large: uv installs them in seconds of computing, pip in a minute.
$(CHECKOV_VENV): requirements/checkov.txt | $(VENV)
	@echo "Installing $< into $(@D) ..." >&2
	@$(BIN)/uv venv --quiet --clear --python "$(PYTHON)" "$(@D)"
	@$(BIN)/uv pip install --quiet --system-certs --no-deps --require-hashes --python "$(@D)/bin/python" -r "$<"
	@touch "$@"
