# Everything a person does with a clone of Treering. `make` alone lists it.
# ARGS='...' is handed on to run, test, bench and lock; PYTHON=/path/to/python chooses the interpreter.

VENV_BIN = .venv/bin
PYTHON_SOURCES = protocol bridge desktop firmware scenarios scripts packaging build.spec benchmarks tests
C_SOURCES = $(shell find firmware benchmarks -name build -prune -o \( -name '*.[ch]' -o -name '*.ino' -o -name '*.cpp' \) -print)
UV_VERSION = 0.13.8

# One target at a time: they share build/ and .venv. What each starts may still use -j.
.NOTPARALLEL:
.PHONY: help setup run test bench check format constants firmware emulator package lock clean

help:  ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

setup:  ## install what building and testing need: system packages when root, and .venv
	@scripts/setup.sh test

run:  ## open the app on a demo network
	@scripts/setup.sh run
	@$(VENV_BIN)/treering desktop --demo $(ARGS)

# Many tests wait for real time to pass, so four at a time keep two cores busy. ARGS=-n0 is one, as a debugger needs.
test: firmware emulator check package  ## build the firmware and the package, check everything, run all tests
	$(VENV_BIN)/python -m pytest -q -n 4 --dist worksteal $(ARGS)

bench: setup  ## measure the simulator, beside ns-3 where Debian's libns3-dev is installed
	$(VENV_BIN)/python benchmarks/simulator_speed.py $(ARGS)

check: setup  ## lint, format and types of the Python; format and warnings of the C
	$(VENV_BIN)/ruff check $(PYTHON_SOURCES)
	$(VENV_BIN)/ruff format --check $(PYTHON_SOURCES)
	$(VENV_BIN)/mypy
	$(VENV_BIN)/clang-format --dry-run -Werror $(C_SOURCES)
	$(MAKE) --no-print-directory -C firmware check

format: setup  ## rewrite the Python and the C in the project's format
	$(VENV_BIN)/ruff check --fix $(PYTHON_SOURCES)
	$(VENV_BIN)/ruff format $(PYTHON_SOURCES)
	$(VENV_BIN)/clang-format -i $(C_SOURCES)

constants: setup  ## rewrite the C header of what the firmware shares with protocol/
	$(VENV_BIN)/python -m firmware.generate_constants

firmware: setup  ## build the sketch for the Arduino and the C core for this machine
	$(MAKE) --no-print-directory -C firmware all host

emulator: setup  ## build the emulated Arduino
	$(MAKE) --no-print-directory -C firmware emulator

# What needs a compiler goes along where there is one; the last line says what is missing.
package:  ## build the app that needs no Python, in dist/: a folder, and on Debian a package
	@scripts/setup.sh package
	@if command -v avr-gcc >/dev/null; then $(MAKE) --no-print-directory -C firmware all host; fi
	$(VENV_BIN)/python scripts/package.py

# hatchling and editables build Treering, setuptools builds cobs: pip fetches them by itself, so they are pinned too.
lock:  ## write constraints.txt anew from pyproject.toml; ARGS=--upgrade moves to the newest releases
	@scripts/setup.sh run
	$(VENV_BIN)/python -m venv build/lock
	build/lock/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	printf '%s\n' hatchling editables setuptools | build/lock/bin/uv pip compile --quiet --universal \
	    --fork-strategy fewest --all-extras --custom-compile-command 'make lock' \
	    --output-file constraints.txt $(ARGS) pyproject.toml -

clean:  ## remove what building and testing left behind, .venv included
	rm -rf .venv build dist out .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find $(PYTHON_SOURCES) -name __pycache__ -prune -exec rm -rf {} +
