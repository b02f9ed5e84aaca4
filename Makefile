# One command: `make site`. It needs Python 3.10-3.13, Node 20 or newer, and make (GNU, 3.81 or newer).
#
# Everything is installed inside this folder, from the lock files, by hash. A stamp file says that an
# install is whole and for which place it was made; it is written last, so an install that was
# interrupted is done again, and a second `make site` has nothing to install.

SHELL := bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.NOTPARALLEL:
.PHONY: site serve test test-long lint wheel contract bench screenshots backbone training clean distclean lock help needs browser FORCE

# What a user may set: `make site BUILD_ARGS="--classes 'Cup,Hand' --offline"`.
BUILD_ARGS ?=
SERVE_ARGS ?=
TEST_ARGS ?=
# Tests in two processes: a browser's work fills one core at a time. A file's tests share what they set up.
TWO := -n 2 --dist loadfile
BENCH_ARGS ?=
# `make backbone RECIPE=ten-minutes TORCH=cuda`: how long to train, and for which build of PyTorch to install.
RECIPE ?= full
TORCH ?= cpu

BIN := .venv/bin
NPM := npm --prefix site_template
VENV := .venv/.made
RUNTIME := .venv/.runtime
DEV := .venv/.dev
NODE := site_template/node_modules/.installed
NODE_DEV := site_template/node_modules/.dev
PEERS := bench/node_modules/.installed
PEERS_PYTHON := .venv/bench/.installed
# PIP_USER and PIP_TARGET in somebody's environment would install beside the venv.
PIP := env -u PIP_USER -u PIP_TARGET -u PIP_PREFIX $(BIN)/python -m pip --disable-pip-version-check --no-input

## site: build dist/, the static site (options in BUILD_ARGS)
site: $(RUNTIME) $(NODE)
	@$(BIN)/onthefly build $(BUILD_ARGS)

## serve: build the site and serve it on this machine (options in SERVE_ARGS)
serve: site
	@$(BIN)/onthefly serve $(SERVE_ARGS)

## test: check style and types, run all tests but the long ones (minutes; options in TEST_ARGS)
test: $(DEV) $(NODE_DEV) browser
	@$(lint)
	@echo "== TypeScript unit tests"
	@$(NPM) --silent test
	@echo "== Python tests, in browsers too"; $(BIN)/python -m pytest $(TWO) -m "not long" $(TEST_ARGS)

## test-long: the tests that take long: real downloads, long trainings
test-long: $(DEV) $(NODE_DEV) browser
	@$(BIN)/python -m pytest -m long $(TEST_ARGS)

## lint: only style, types, dead code and copies
lint: $(DEV) $(NODE_DEV)
	@$(lint)

define lint
set -e; echo "== Style and types"; \
$(BIN)/ruff check .; $(BIN)/ruff format --check .; $(BIN)/mypy; \
$(BIN)/mypy --platform win32 --cache-dir .mypy_cache/win32 -p onthefly_studio; \
$(NPM) --silent run lint; $(NPM) --silent run check; \
echo "== Dead code, copies, long modules"; \
$(BIN)/vulture; $(NPM) --silent run dead; $(NPM) --silent run copies; $(BIN)/python -m tools.lengths
endef

## bench: measure against other ways to do the same, ten minutes (BENCH_ARGS="--only training")
bench: $(DEV) $(NODE_DEV) $(PEERS) $(PEERS_PYTHON) browser
	@$(BIN)/python -m bench $(BENCH_ARGS)

## screenshots: make the README's pictures of the page again
screenshots: $(DEV) $(NODE) browser
	@$(BIN)/python -m tools.screenshots

## backbone: train the embedded backbone anew, an hour and a half on two cores (RECIPE=ten-minutes, TORCH=cuda)
backbone: training
	@training/.venv/bin/python -m training --recipe $(RECIPE)

## training: install what `make backbone` needs (about 1 GB) into training/.venv
training: training/.venv/.installed

## wheel: write the wheel and the source distribution, with all that an installed command needs, to dist-wheel/
wheel: $(RUNTIME) $(NODE)
	@$(BIN)/python -m tools.wheel

## contract: write the page's copy of what it and Python must agree on
contract: $(DEV)
	@$(BIN)/python -m tools.contract

## lock: write the Python lock files anew from pyproject.toml (LOCK_ARGS=--upgrade takes newer versions)
lock:
	@tools/lock $(LOCK_ARGS)

## clean: remove the built site and the tools' caches
clean:
	rm -rf dist build builder/*.egg-info .pytest_cache .mypy_cache .ruff_cache
	@find builder tests tools -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

## distclean: clean, and remove what was installed into this folder
distclean: clean
	rm -rf .venv .cache site_template/node_modules bench/node_modules

## help: this list
help:
	@sed -n 's/^## \([a-z-]*\): /  make \1@/p' $(firstword $(MAKEFILE_LIST)) | awk -F@ '{ printf "%-18s %s\n", $$1, $$2 }'

# ---- what is needed, and what will be downloaded -----------------------------------------------

# Runs before every target that may install; costs the start of `node`.
needs:
	@fail() { printf '%s\n' "$$@" >&2; exit 1; }; \
	case "$$(uname -sm)" in "Linux x86_64"|"Linux aarch64"|"Linux arm64"|"Darwin arm64") ;; \
	  *) fail \
	    "The build cannot run on $$(uname -sm): TensorFlow exists for Linux on x86_64 and arm64 and for macOS on Apple silicon only." \
	    "  hint:  build on such a machine or in a container (on Windows: in WSL 2); the site itself runs anywhere.";; \
	esac; \
	major=$$(node -p 'process.versions.node.split(".")[0]' 2>/dev/null || echo none); \
	case "$$major" in none|'') fail "Node.js is missing; it bundles the page's scripts." \
	    "  hint:  install Node 20 or newer: https://nodejs.org, 'brew install node' or 'nvm install 22'.";; esac; \
	[ "$$major" -ge 20 ] || fail "Node $$major is too old; 20 or newer is needed." \
	    "  where: $$(command -v node)" \
	    "  hint:  install a newer one: https://nodejs.org, 'brew install node' or 'nvm install 22'."; \
	command -v npm >/dev/null || fail "npm is missing (Node is there)." \
	    "  hint:  install it: 'apt-get install npm', or Node from https://nodejs.org, which brings it."; \
	if ! [ -e $(RUNTIME) ]; then \
	  echo "To be downloaded, once: Python packages into .venv, up to 700 MB (2.4 GB on disk; TensorFlow is most of it)."; fi; \
	if ! [ -e $(NODE) ]; then \
	  echo "To be downloaded, once: npm packages into site_template/node_modules, 62 MB (280 MB on disk)."; fi

browser: $(DEV)
	@$(BIN)/python -m onthefly_studio.validate.chromium --install

# ---- installs ----------------------------------------------------------------------------------

# A venv holds absolute paths: one that came here with a moved or copied folder is made anew.
ifneq ($(wildcard $(VENV)),)
ifneq ($(shell cat $(VENV)),$(CURDIR))
$(VENV): FORCE
endif
endif

$(VENV): | needs
	@if ! [ -e $@ ] && head -n 2 $(BIN)/pip 2>/dev/null | grep -qF "$(CURDIR)/$(BIN)/python" \
	    && $(BIN)/python -c 'import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))'; then \
	  echo "Using the .venv that is here"; printf '%s' "$(CURDIR)" >$@; exit 0; \
	fi; \
	tried=; chosen=; \
	for python in $${PYTHON:-python3.13 python3.12 python3.11 python3.10 python3}; do \
	  command -v "$$python" >/dev/null || { tried="$$tried  $$python: not found"$$'\n'; continue; }; \
	  version=$$("$$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null) || version="there, but does not run"; \
	  case "$$version" in 3.10|3.11|3.12|3.13) ;; \
	    3.1[4-9]) tried="$$tried  $$python: $$version, for which TensorFlow does not exist yet"$$'\n'; continue;; \
	    *) tried="$$tried  $$python: $$version"$$'\n'; continue;; esac; \
	  "$$python" -c 'import venv, ensurepip' 2>/dev/null || { \
	    tried="$$tried  $$python: $$version, without venv (Debian and Ubuntu: apt-get install python$$version-venv)"$$'\n'; continue; }; \
	  chosen=$$python; break; \
	done; \
	if [ -z "$$chosen" ]; then \
	  printf '%s\n%s' "No suitable Python: 3.10, 3.11, 3.12 or 3.13 with venv is needed." "$$tried" >&2; \
	  echo "  hint:  install one (python.org, 'apt-get install python3 python3-venv', 'brew install python@3.13') or name it: make site PYTHON=/path/to/python3" >&2; \
	  exit 1; \
	fi; \
	echo "Making .venv with $$("$$chosen" --version) ($$(command -v "$$chosen"))"; \
	rm -rf .venv; "$$chosen" -m venv .venv && printf '%s' "$(CURDIR)" >$@

# The lock files are complete, so pip has nothing to resolve (--no-deps); older pips, as Python 3.10 brings them,
# otherwise refuse hashes together with extras. pip's talk is cut to the large downloads; its warnings and
# errors go to stderr as they are.
define install
set -o pipefail; rm -f $@; \
$(PIP) install --no-deps --require-hashes -r $(1) \
  | sed -n -E 's/^ *Downloading ([A-Za-z0-9_]+)-.* \(([0-9]+\.[0-9] MB)\).*/  \1 \2/p' || { \
    echo "The Python packages could not be installed; what pip said stands above. 'make' again goes on from here." >&2; exit 1; }
endef

# requirements-nodeps.lock: what is not to have the packages that it asks for (tools/lock).
$(RUNTIME): $(VENV) requirements.lock requirements-nodeps.lock pyproject.toml | needs
	@echo "Installing the Python packages of requirements.lock into .venv"
	@$(call install,requirements.lock -r requirements-nodeps.lock)
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@touch $@

$(DEV): $(RUNTIME) requirements-dev.lock
	@echo "Installing the tools of requirements-dev.lock into .venv (to be downloaded, once: 90 MB; 280 MB on disk)"
	@$(call install,requirements-dev.lock)
	@touch $@

# No install scripts: a package's own program (esbuild) comes as a package of its own. A site needs no packages for
# developers; `npm ci` begins with an empty folder, so either install removes the stamp of the other.
define install-npm
$(NPM) ci --ignore-scripts --no-audit --no-fund --loglevel=error $(1) || { \
  echo "The npm packages could not be installed; what npm said stands above." >&2; exit 1; }
endef

$(NODE): site_template/package-lock.json site_template/package.json | needs
	@echo "Installing the npm packages of package-lock.json into site_template/node_modules"
	@$(call install-npm,--omit=dev)
	@touch $@

$(NODE_DEV): site_template/package-lock.json site_template/package.json | needs
	@echo "Installing the npm packages for developers too (148 MB; 440 MB on disk)"
	@$(call install-npm)
	@touch $(NODE) $@

# What `make bench` compares with. No install scripts here either: one of the packages would download a program.
$(PEERS): bench/package-lock.json bench/package.json | needs
	@echo "Installing the npm packages of bench/package-lock.json into bench/node_modules (170 MB; 500 MB on disk)"
	@npm --prefix bench ci --ignore-scripts --no-audit --no-fund --loglevel=error || { \
	  echo "The npm packages could not be installed; what npm said stands above." >&2; exit 1; }
	@touch $@

# Beside the packages of .venv, whose versions the lock files hold.
$(PEERS_PYTHON): bench/requirements.lock $(RUNTIME)
	@rm -rf $(@D); $(PIP) install --quiet --no-deps --require-hashes --target $(@D) -r bench/requirements.lock
	@touch $@

# Training has its own environment: PyTorch and OpenCV are nothing to a builder of sites. PyPI's PyTorch for Linux
# needs two gigabytes of CUDA libraries even where there is no GPU; the build without is taken where pip finds it.
TRAINING_PIP := env -u PIP_USER -u PIP_TARGET -u PIP_PREFIX training/.venv/bin/python -m pip \
  --disable-pip-version-check --no-input install --quiet --no-deps --require-hashes
training/.venv/.installed: training/requirements.lock training/requirements-cpu.lock training/requirements-cuda.lock
	@[ -x training/.venv/bin/python ] || "$${PYTHON:-python3}" -m venv training/.venv
	@$(TRAINING_PIP) -r training/requirements.lock
	@if [ "$(TORCH)" != cpu ] || ! $(TRAINING_PIP) -r training/requirements-cpu.lock 2>/dev/null; then \
	  echo "Installing PyTorch with its CUDA libraries (2.5 GB to be downloaded)"; \
	  $(TRAINING_PIP) -r training/requirements-cuda.lock; fi
	@training/.venv/bin/python -c 'import torch, cv2, skimage, matplotlib, PIL, click'
	@touch $@
