# What the makefiles of the layers and of the functions share. `sam build` runs each of them in a copy of its folder,
# but names it by its real path, so they include this file beside themselves (which `--use-container` does not see).

RUNTIME_VERSION := 3.13
BYTECODE_DIR := $(dir $(abspath $(lastword $(MAKEFILE_LIST))))

# Byte code fits one minor version of Python, so the runtime's own interpreter has to write it: one on PATH that
# really runs (a pyenv shim need not), else one of pyenv's.
ifeq ($(origin RUNTIME_PYTHON),undefined)
RUNTIME_PYTHON := $(shell \
  for python in python$(RUNTIME_VERSION) "$$(pyenv root 2>/dev/null)"/versions/$(RUNTIME_VERSION).*/bin/python; do \
    "$$python" -c 'import sys; sys.exit("%d.%d" % sys.version_info[:2] != "$(RUNTIME_VERSION)")' 2>/dev/null \
      && command -v "$$python" && break; \
  done)
endif

# $(call copy,<from>,<to>): a folder as it was written.
copy = mkdir -p "$(2)" && cp -R "$(1)/." "$(2)" && find "$(2)" -name __pycache__ -prune -exec rm -rf {} +

# $(call compile,<folder>,<where Lambda puts it>): Lambda cannot write there, so what is not compiled now is compiled
# at every cold start. Unchecked, because a time stamp does not survive packaging.
ifneq ($(strip $(RUNTIME_PYTHON)),)
compile = "$(RUNTIME_PYTHON)" -m compileall -q --invalidation-mode unchecked-hash -s "$(1)" -p "$(2)" "$(1)"
else
compile = echo "WARNING: built without byte code, cold starts will be slow: no python$(RUNTIME_VERSION) runs here" \
  "(put one on PATH, or set RUNTIME_PYTHON)" >&2
endif

.SHELLFLAGS := -ec
