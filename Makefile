# make demo | docs | figures | test | test-lowest | speed | lint | faults | fuzz | mutants | audit | memory: each from a
# bare clone with Python 3.11 and pip.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/pip --disable-pip-version-check --quiet
RUN = $(VENV)/bin/python
# pip takes the local CPU build of this exact version where there is one; any other drags in CUDA.
TORCH = torch==2.13.0

.PHONY: demo docs figures test browser test-lowest speed lint faults fuzz mutants audit hashes memory clean

demo: $(VENV)/.demo
	$(RUN) -m nasbias.correlation --space nb201
	@echo
	$(RUN) -m nasbias.report --space nb201 --out build/report.html

# Every figure of our own studies as PDF and PNG, and the page that shows them: a minute.
figures: $(VENV)/.full
	$(RUN) -m nasbias.figures all --out figures

test: $(VENV)/.full browser
	$(RUN) -m pytest -n 2 --dist worksteal
	$(MAKE) --no-print-directory lint

# The page is tested in a real browser: installed where that is allowed, else those tests say why they are skipped.
browser:
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || command -v google-chrome >/dev/null || \
	  { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	    apt-get install -qq --no-install-recommends chromium >/dev/null; } || true

# The analysing half on the oldest releases that setup.cfg allows, in an environment of its own: before a release and
# whenever a floor moves, not with every change (two to four minutes, most of it downloads).
LOWEST = tests/tables tests/matching tests/truth tests/spaces tests/terminal tests/statistics tests/correlation \
	tests/stability tests/bias tests/test_notices.py
test-lowest: $(VENV)-lowest/.ready
	$(VENV)-lowest/bin/python -m pytest $(LOWEST)

$(VENV)-lowest/.ready: setup.cfg constraints-lowest.txt
	$(PYTHON) -m venv $(VENV)-lowest
	$(VENV)-lowest/bin/pip --disable-pip-version-check --quiet install -c constraints-lowest.txt -e '.[analog,analysis]' pytest pytest-benchmark hypothesis wheel
	touch $@

# README's Speed block is what `make speed WRITE="--write README.md"` puts there, on a machine that does nothing else.
speed: $(VENV)/.full
	OMP_NUM_THREADS=1 $(RUN) -m benchmarks.speed $(WRITE)
	OMP_NUM_THREADS=1 $(RUN) -m pytest benchmarks -o addopts= --benchmark-only --benchmark-columns=min --benchmark-disable-gc -q

lint: $(VENV)/.full
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath $(RUN)

# Every fault we know, tried: kills before each file operation, signals, full disks, clusters that lose machines. Hours
# on one core, half an hour with FAULTS=--quick; writes analysis/faults.md, FAULTS=--missing only what it lacks.
faults: $(VENV)/.full
	$(RUN) -m tests.faults $(FAULTS) --out analysis/faults.md

# Half an hour of coverage-guided fuzzing of every reader of foreign files; what it finds lies in build/fuzz.
fuzz: $(VENV)/.full
	$(PIP) install -c constraints.txt -e '.[fuzz]'
	$(RUN) -m tests.faults.fuzz

# Known holes in what is pinned, by pip-audit; where its database can't be reached it says so and does not pass.
audit: $(VENV)/.full
	$(PIP) install -c constraints.txt -e '.[audit]'
	$(VENV)/bin/pip check
	$(RUN) -m tests.supply

# The digests of every file published of the pinned packages, again: after any change of constraints.txt.
hashes:
	@{ echo "# The packages of constraints.txt with the SHA-256 of every file published of them, but torch (the local CPU build"; \
	   echo "# of that version where there is one) and atheris (no file for every system). Made by make hashes."; \
	   grep '^[A-Za-z].*==' constraints.txt | grep -v '^torch==\|^atheris==' | uv pip compile - --no-deps --generate-hashes \
	     --no-header --no-annotate --python-version 3.11.7 --index-strategy unsafe-best-match --quiet; \
	 } > constraints-hashes.tmp && mv constraints-hashes.tmp constraints-hashes.txt

# What the large inputs take: the bounds in docs/memory.md, measured.
memory: $(VENV)/.full
	$(RUN) -m benchmarks.memory

# The documentation site, build/site/index.html: opened from disk, it asks nothing of the network. Warnings are errors.
docs: $(VENV)/.docs
	NO_MKDOCS_2_WARNING=1 $(VENV)/bin/mkdocs build --strict --quiet

$(VENV)/.docs: $(VENV)/.full
	$(PIP) install -c constraints.txt -e '.[docs]'
	touch $@

# Hours on one core for all; `make mutants MODULES='kendall truth/nb101'` for some.
mutants: $(VENV)/.mutants
	$(RUN) -m tests.mutants $(MODULES)

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt -e '.[analog]'
	touch $@

$(VENV)/.full: setup.cfg pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install -c constraints.txt $(TORCH)
	$(PIP) install -c constraints.txt -e '.[analog,analysis,train,sweep,test]'
	touch $@

$(VENV)/.mutants: $(VENV)/.full
	$(PIP) install -c constraints.txt -e '.[mutants]'
	touch $@

clean:
	rm -rf $(VENV) $(VENV)-lowest build dist *.egg-info
