# Every target installs what it needs first; `make help` lists them.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# Warnings are errors wherever make builds for a test; `swift build` by hand lets them pass.
STRICT := -Xswiftc -warnings-as-errors
# At most 8 tests at once: with all of them begun together on two cores, each would wait for the others. Those that
# start processes come after the others for the same reason.
TESTS := SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 swift test --skip-build $(STRICT)
# Runs tests; those that failed are said again at the end, where they are found among thousands of lines.
SAID_AGAIN = $(1) 2>&1 | tee .build/tests.log || { echo "What failed:"; grep -a -A 3 '✘ Test .*recorded' .build/tests.log; exit 1; }
# Swift's runtime is linked in: it saves a call 8 % of its time, and the programs run where there is no Swift.
RELEASE := swift build -c release --static-swift-stdlib
VENV := .build/venv/bin
BUF := $(VENV)/buf
# Swift sources that people write. Generated ones are laid out by their generator.
SWIFT_FILES = $(wildcard Package.swift $(shell git ls-files --cached --others --exclude-standard \
  'Sources/*.swift' 'Tests/*.swift' | grep -v /Generated/))

.PHONY: help
help: ## Lists the targets
	@echo "OnePool: one stock pool, sold through every channel. Targets:"
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1\t\2/p' Makefile | while IFS=$$'\t' read -r name text; do \
	  printf '  make %-10s %s\n' "$$name" "$$text"; done

.PHONY: run
run: release ## Builds and starts the five services, the sandbox and demo data; ctrl-C ends them
	@.build/release/onepool up

.PHONY: demo
demo: release ## Sells on one channel and shows all others follow, then a flash sale and its proof
	@.build/release/onepool demo

.PHONY: sandbox
sandbox: release ## Runs the channels' stand-in alone and prints where each channel is and with which keys
	@Deploy/sandbox

.PHONY: test
test: lint ## Runs every check and every test, the real processes with Python and curl among them
	@$(call SAID_AGAIN,$(TESTS) --skip SystemTests)
	@$(call SAID_AGAIN,$(TESTS) --filter SystemTests)

# What a sanitizer watches: the code that meets bytes from outside, and threads. FuzzTests replay the corpus. Leaks
# are not asked for: curl and Foundation, under the tests' own HTTP client, have some at exit.
WATCHED := ^(RPCTests|ProtobufTests|FuzzTests)\.

.PHONY: test-all
test-all: test ## `make test`, then what meets bytes and threads under the address and the thread sanitizer
	@for kind in address thread; do \
	  swift build --build-tests --sanitize=$$kind --scratch-path .build/$$kind; \
	  ASAN_OPTIONS=detect_leaks=0 TSAN_OPTIONS=suppressions=$$PWD/Tests/Fuzz/thread.suppressions \
	    SWT_EXPERIMENTAL_MAXIMUM_PARALLELIZATION_WIDTH=8 swift test --skip-build --sanitize=$$kind --scratch-path .build/$$kind --filter '$(WATCHED)'; \
	done

# What protos may not break: the commit where this branch left main or, on main itself, the one before.
define BREAKING
base=$$(git merge-base HEAD origin/main 2>/dev/null || true)
if [ -z "$$base" ] || [ "$$base" = "$$(git rev-parse HEAD)" ]; then
  base=$$(git rev-parse --verify --quiet HEAD^ || true)
fi
if [ -z "$$base" ]; then echo "there is no earlier commit to compare the protos with"; exit 0; fi
before=$$(mktemp --directory)
trap 'rm -rf "$$before"' EXIT
git archive "$$base" Protos buf.yaml | tar --extract --directory "$$before"
$(BUF) breaking --against "$$before"
endef
export BREAKING

.PHONY: check
check: test breaking ## `make test`, which is what CI runs, and `make breaking`

.PHONY: breaking
breaking: install ## Checks that no proto breaks what was there where this branch began, or in the commit before
	@bash -euo pipefail -c "$$BREAKING"

.PHONY: bench
bench: release ## Measures us against gRPC C++ and others, in turn; SUITE=rpc, pool, start, growth, gateway or reconcile does one, QUICK=1 in brief
	@.ci/install bench
	@$(VENV)/python Tests/Benchmarks/bench.py $(SUITE) $(if $(QUICK),--quick)

# libFuzzer as a library, since the program has a main of its own; what it wants of the code it drives.
FUZZER = $(shell swiftc -print-target-info | sed -n 's/.*"runtimeResourcePath": "\(.*\)".*/\1/p')/clang/lib/linux
FUZZ_BUILD = ONEPOOL_FUZZ=1 swift build --scratch-path .build/fuzz --product fuzz --sanitize=address \
  -Xswiftc -sanitize-coverage=edge,inline-8bit-counters,pc-table,trace-cmp -Xcc -fsanitize=fuzzer-no-link \
  -Xlinker $(FUZZER)/libclang_rt.fuzzer_no_main-$(shell uname -m).a -Xlinker -lstdc++
# How long each entry point is driven, in seconds.
SECONDS ?= 60
ENTRIES ?= framing text json protobuf session

.PHONY: fuzz
fuzz: install ## Drives each entry point by libFuzzer for SECONDS=60; what breaks one is kept in Tests/Fuzz/Corpus
	@$(FUZZ_BUILD)
	@status=0; for entry in $(ENTRIES); do Tests/Fuzz/run $$entry $(SECONDS) || status=1; done; exit $$status

.PHONY: interop
interop: debug ## Sets gRPC's test service against grpcio: our server under its client, our client against its server
	@$(VENV)/python Tests/Interop/test_interop.py

# New seeds that a simulation plays. The histories of real processes come after it: they want the cores for themselves.
SEEDS ?= 200

.PHONY: simulate
simulate: debug ## Plays SEEDS=200 new seeds of faults against the pool, its model and crashes; SEED=n plays one again
	@$(if $(SEED),ONEPOOL_SEED=$(SEED) $(TESTS) --filter poolIsTheModel, \
	  ONEPOOL_SIMULATIONS=$(SEEDS) $(TESTS) --filter '^SimulationTests\.' --filter '\.ModelTests')
	@$(if $(SEED),,ONEPOOL_HISTORIES=10 $(TESTS) --filter CrashTests --filter LinearizabilityTests)

.PHONY: chaos
chaos: debug ## Breaks channels and kills services by SEED=n, or SEEDS=1..20, while all channels sell, and compares all after it
	@ONEPOOL_CHAOS=$(or $(SEED),$(if $(filter file,$(origin SEEDS)),$(shell date +%s),$(SEEDS))) \
	  $(TESTS) --filter everythingAgreesAfter

.PHONY: lint
lint: debug ## Builds with warnings as errors; checks layout, protos and what is generated from them
	@swift format lint --strict --parallel $(SWIFT_FILES)
	@$(BUF) lint
	@$(BUF) format --path Protos/onepool --diff --exit-code
	@ONEPOOL_PLUGIN=.build/debug/protoc-gen-onepool Protos/generate --check

.PHONY: debug
debug: install
	@swift build --build-tests $(STRICT)

.PHONY: release
release:
	@.ci/install build
	@$(RELEASE)

.PHONY: protos
protos: install ## Makes the generated C and Swift from Protos/ again
	@$(BUF) format --path Protos/onepool --write
	@Protos/generate

.PHONY: format
format: install ## Lays out Swift sources and protos as the linter wants them
	@swift format --in-place --parallel $(SWIFT_FILES)
	@$(BUF) format --path Protos/onepool --write

.PHONY: install
install: ## Installs what is missing by apt (and Python tools into .build/venv), and says what
	@.ci/install test

.PHONY: clean
clean: ## Removes what was built; data under var/ stays
	@rm -rf .build
