# A fresh machine needs two commands: `make demo` and `make test`. Who changes something runs `make check` as it grows:
# the tests and the lint of what the change touches, in seconds (`make check FILES="src/passel/methods/vote.py"`; without
# FILES: all that differs from HEAD).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# the mock endpoint is no bench but what benches talk to; the comparison of all methods and the mutants of the tests take
# an hour each
BENCHES = $(filter-out bench/mock_endpoint.py bench/results.py bench/test_mutants.py,$(wildcard bench/*.py))

.PHONY: install demo test check lint bench clean

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable ".[local,tasks,report,rules,logic,engine]" --group dev
	touch $(STAMP)

# The main job on the embedded model: which method pays on word problems the model never saw?
demo: install
	$(BIN)/passel compare --model passel-reasoner-135m --task held_out \
	    --methods single,vote,best_of:verifier=arithmetic,repeat,first_finish \
	    --n 16 --limit 64 --seed 0 --out runs/demo

# A process for each processor; the tests of a file share one (and see tests/conftest.py).
test: install
	$(BIN)/python -m pytest --quiet --numprocesses auto --maxprocesses 8 --dist loadfile

check: install
	$(BIN)/python scripts/check.py $(FILES)

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

bench: install
	for script in $(BENCHES); do echo "== $$script"; $(BIN)/python $$script || exit 1; done

clean:
	rm -rf $(VENV) runs build dist
