# Included by the makefiles of the layers and functions. `sam build` runs each makefile in a copy of its folder, but passes its
# real path, so this file is found relative to it (not with `--use-container`, where it is missing).

RUNTIME_VERSION := 3.13
BYTECODE_DIR := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))

# Byte code is specific to a minor version of Python, so an interpreter of the runtime's version writes it: one on PATH that
# runs (a pyenv shim may not), or one of pyenv's.
ifeq ($(origin RUNTIME_PYTHON),undefined)
RUNTIME_PYTHON := $(shell \
  for python in python$(RUNTIME_VERSION) "$$(pyenv root 2>/dev/null)"/versions/$(RUNTIME_VERSION).*/bin/python; do \
    "$$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(RUNTIME_VERSION)")' 2>/dev/null \
      && command -v "$$python" && break; \
  done)
endif

# $(call copy,<from>,<to>): copy a folder without caches.
copy = mkdir -p "$(2)" && cp -R "$(1)/." "$(2)" && find "$(2)" -name __pycache__ -prune -exec rm -rf {} +

# $(call compile,<folder>,<its path in Lambda>): write byte code. Lambda's folders are read-only, so modules without byte code
# are compiled at every cold start. The hashes are unchecked, because packaging changes time stamps.
ifneq ($(strip $(RUNTIME_PYTHON)),)
compile = "$(RUNTIME_PYTHON)" -m compileall -q --invalidation-mode unchecked-hash -s "$(1)" -p "$(2)" "$(1)"
else
compile = echo "WARNING: built without byte code, cold starts will be slow: no python$(RUNTIME_VERSION) found" \
  "(put one on PATH, or set RUNTIME_PYTHON)" >&2
endif

.SHELLFLAGS := -ec
