# The commands of a checkout. `make demo` and `make test` work on a fresh machine with Rust.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

PREFIX ?= /usr/local

.PHONY: build demo test nightly fuzz install bench bench-services

# Prints the path of the binary as its last line. Fully static where the target is to be had.
build:
	@dev/build

demo:
	@dev/demo "$$(dev/build)"

test:
	@dev/install-test-needs
	@dev/test

# What takes too long for every change: 10,000 random files, natively and with bash; services asked, killed and flooded
# for as long as it takes.
nightly:
	@ENVR_CASES=10000 cargo test --locked --test it -- --nocapture lanes::
	@ENVR_SOAK=1 cargo test --locked --test it -- --nocapture --test-threads 1 services::

# Each fuzzer for FUZZ_SECONDS. Needs a nightly compiler and cargo-fuzz.
FUZZ_SECONDS ?= 60
FUZZERS = script dotenv state approval secrets_yaml secrets_json secrets_dotenv secrets_ini secrets_binary envelope age
fuzz:
	@for target in $(FUZZERS); do \
		cargo +nightly fuzz run "$$target" -- -max_total_time=$(FUZZ_SECONDS) -max_len=600; \
	done

install:
	@binary=$$(dev/build) && install -d "$(DESTDIR)$(PREFIX)/bin" && install "$$binary" "$(DESTDIR)$(PREFIX)/bin/envr"
	@echo "installed $(DESTDIR)$(PREFIX)/bin/envr"

bench:
	@dev/bench "$$(dev/build)"

bench-services:
	@dev/bench-services "$$(dev/build)"
