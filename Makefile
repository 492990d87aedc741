# make demo | test | speed | lint | mutants, each from a bare clone with Python 3.11 and pip.
PYTHON ?= python3
VENV ?= .venv
PIP = $(VENV)/bin/pip --disable-pip-version-check --quiet
RUN = $(VENV)/bin/python
# pip takes the local CPU build of this exact version where there is one; any other drags in CUDA.
TORCH = torch==2.13.0

.PHONY: demo test speed lint mutants clean

demo: $(VENV)/.demo
	$(RUN) -m nasbias.correlation --space nb201

test: $(VENV)/.full
	$(RUN) -m pytest
	$(MAKE) --no-print-directory lint

speed: $(VENV)/.full
	OMP_NUM_THREADS=1 $(RUN) -m pytest benchmarks -o addopts= --benchmark-only --benchmark-columns=min --benchmark-disable-gc -q

lint: $(VENV)/.full
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/pyright --pythonpath $(RUN)

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
	$(PIP) install -c constraints.txt -e '.[analog,train,test]'
	touch $@

$(VENV)/.mutants: $(VENV)/.full
	$(PIP) install -c constraints.txt -e '.[mutants]'
	touch $@

clean:
	rm -rf $(VENV) build dist *.egg-info
