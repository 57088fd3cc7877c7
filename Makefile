# PYTHON=... chooses the interpreter (with the packages of the dev extra).
PYTHON ?= python3

.PHONY: build
build: ## compiled kernels, in place
	$(PYTHON) -m cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DUNTONE_IN_PLACE=ON \
	  -DPython_EXECUTABLE="$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	$(PYTHON) -m cmake --build build --parallel 2

CODE = src tests scripts
HERE = PYTHONPATH=$(CURDIR)/src $(PYTHON)

.PHONY: lint
lint: ## style, types, import contracts; no compiled kernels needed
	$(PYTHON) -m ruff check $(CODE)
	$(PYTHON) -m ruff format --check $(CODE)
	$(HERE) -m mypy
	$(HERE) -c "import sys; from importlinter.cli import lint_imports; sys.exit(lint_imports(no_cache=True))"

.PHONY: test
test: ## the fast tests, against the code under src/ (after make build)
	$(HERE) -m pytest

.PHONY: check
check: lint test ## everything a change must pass
