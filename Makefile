# PYTHON=... chooses the interpreter (with the packages of the dev extra).
PYTHON ?= python3

.PHONY: build
build: ## compiled kernels, in place
	$(PYTHON) -m cmake -S . -B build -DCMAKE_BUILD_TYPE=Release -DUNTONE_IN_PLACE=ON \
	  -DPython_EXECUTABLE="$$($(PYTHON) -c 'import sys; print(sys.executable)')"
	$(PYTHON) -m cmake --build build --parallel 2
