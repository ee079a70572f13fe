# What a person types, a CI job types too: .ci/run calls these targets.

SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -ec
.DEFAULT_GOAL := build

# A checkout that git will not look into (another owner's) still builds.
ifneq ($(shell git status --porcelain >/dev/null 2>&1 && echo yes),yes)
export GOFLAGS := $(GOFLAGS) -buildvcs=false
endif

# What daemons do not need is not in their memory: gRPC's pages of traces bring
# html/template, and with it every exported method of every type; libc is there
# for host names and users, which Go finds without.
export GOFLAGS := $(GOFLAGS) -tags=grpcnotrace,netgo,osusergo

# Tests look for results that differ between incremental and full evaluation.
export WEFT_CHECK ?= 1

PKG      ?= ./...
FUZZTIME ?= 20s
ONLY     ?=
BASE     ?=
SCRIPTS  ?= e2e/testdata
SHARDS   ?= 4
TIMES    ?=
LOAD     ?=
CHAOS    ?= 1h
DATABASES ?= 10m

TESTSUM := go run ./scripts/testsum

.PHONY: build demo sandbox test check race fuzz bench e2e chaos compat gen deps help

help:      ## this list
	@sed -n 's/^\([a-z0-9]*\):[^#]*## /\1\t/p' Makefile | expand -t12

build:     ## weft's programs, to bin/
	@go build -o bin/ ./cmd/...

demo: deps build  ## three hypervisors, two VMs, a ping through the tunnel; leaves nothing behind
	@go build -o bin/tools/ ./e2e/demo && E2E_BIN=$(CURDIR)/bin bin/tools/demo

sandbox: deps build  ## the same, left up, with a shell in it
	@go build -o bin/tools/ ./e2e/demo && E2E_BIN=$(CURDIR)/bin bin/tools/demo -shell

test: deps build  ## every test; PKG=./lflow/... for a part
	@E2E_BIN=$(CURDIR)/bin scripts/test $(SHARDS) 1 -- $(PKG) | $(TESTSUM)

race: deps build  ## every test with the race detector
	@scripts/deps 'gcc gcc'
	@E2E_BIN=$(CURDIR)/bin scripts/test $(SHARDS) 2 -race -- $(PKG) | $(TESTSUM)

e2e: deps build  ## the scenario files of a folder: make e2e SCRIPTS=dir [E2E_BACKEND=ovn] [TIMES=20 LOAD=2 MINUTES=5]
	@E2E_BIN=$(CURDIR)/bin E2E_SCRIPTS=$(abspath $(SCRIPTS)) E2E_TIMES=$(TIMES) E2E_LOAD=$(LOAD) E2E_MINUTES=$(MINUTES) \
		go test -json -count=1 -timeout 40m -run '^TestScenarios$$' ./e2e | $(TESTSUM)

chaos: deps build  ## daemons killed at random for CHAOS (1h), databases for DATABASES (10m), while much changes
	@E2E_BIN=$(CURDIR)/bin E2E_CHAOS=$(CHAOS) E2E_DATABASES=$(DATABASES) \
		go test -json -count=1 -timeout 0 -run '^Test(Chaos|Databases)$$' ./e2e | $(TESTSUM)

# Where Debian's packages put the Python modules that show that they are there.
PYTHON := /usr/lib/python3/dist-packages

compat: deps build  ## the tests that clients ship, with stock OVN and with weft; ONLY=regexp for a part
	@scripts/deps '$(PYTHON)/oslotest/base.py python3-oslotest' \
		'$(PYTHON)/testscenarios/__init__.py python3-testscenarios' \
		'$(PYTHON)/ovsdbapp/venv.py python3-ovsdbapp'
	@mkdir -p bin/tools && scripts/compat/kube-ovn bin/tools/kube-ovn.test
	@go build -o bin/tools/ ./scripts/compat && E2E_BIN=$(CURDIR)/bin bin/tools/compat -only '$(ONLY)'

fuzz:      ## every fuzzer for FUZZTIME
	@FUZZTIME=$(FUZZTIME) scripts/fuzz $(PKG)

bench: deps build  ## figures side by side with stock OVN and the build of BASE=commit; ONLY=regexp for a part
	@go build -o bin/tools/ ./e2e/bench && E2E_BIN=$(CURDIR)/bin bin/tools/bench -only '$(ONLY)' -base '$(BASE)'

check: deps  ## format, vet, staticcheck, imports, generated files
	@scripts/check

gen: deps  ## generated files anew
	@scripts/gen

deps:      ## Debian packages that are missing (as root)
	@scripts/deps
