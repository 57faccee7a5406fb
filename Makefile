# What a person who has just cloned this wants. Each target first makes or mends .venv (packaging/bootstrap.py),
# which takes some minutes once and a fraction of a second afterwards.

PYTHON ?= python3
BIN := .venv/bin
SETUP := $(PYTHON) packaging/bootstrap.py

DEMO_PRESET ?= presets/photos_to_model.json
DEMO_OUTPUT ?= demo-output
# Further words for pytest: make test TESTS='tests/nodes -k resize'
TESTS ?=

.DEFAULT_GOAL := help
.PHONY: help demo app desktop bundle test lint format bench setup clean

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo:  ## a textured 3D model from the sample photographs, into demo-output/
	@$(SETUP)
	@$(BIN)/meshloom run $(DEMO_PRESET) -o $(DEMO_OUTPUT)

app:  ## open the window
	@$(SETUP) --extra app
	@$(BIN)/meshloom

desktop:  ## put Meshloom into the applications menu (Linux); away again: packaging/install_desktop.sh --remove
	@$(SETUP) --extra app
	@packaging/install_desktop.sh

bundle:  ## a folder that runs without Python installed: dist/meshloom
	@$(SETUP) --extra app --extra bundle
	@PYTHONWARNINGS=ignore $(BIN)/pyinstaller --noconfirm --log-level WARN --distpath dist --workpath build packaging/bundle.spec
	@MESHLOOM_STARTED=1 QT_QPA_PLATFORM=offscreen dist/meshloom/meshloom
	@du -sh dist/meshloom

test:  ## style, types and all tests
	@$(SETUP) --extra dev --extra app --extra diffusion --extra kernels
	@packaging/check.sh $(TESTS)

lint:  ## style and types only
	@$(SETUP) --extra dev
	@packaging/check.sh --lint

format:  ## rewrite the sources in the house style
	@$(SETUP) --extra dev
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format .

bench:  ## the figures, each beside a floor measured in the same run
	@$(SETUP) --extra dev
	@$(BIN)/python -m pytest tests/benchmarks -o python_files='bench_*.py' -o python_functions='bench_*' -s $(TESTS)

setup:  ## only make or mend .venv, for development
	@$(SETUP) --extra dev

clean:  ## remove .venv and all that was built (results stay)
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -path ./.git -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +
