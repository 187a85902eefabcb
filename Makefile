# The front door: every command of the README is a target here, one or two lines each. `make help` lists them.
CC := $(if $(filter default,$(origin CC)),gcc,$(CC))
PREFIX ?= /usr/local
.DEFAULT_GOAL := help
.PHONY: help deps build demo test vm asan lint fmt fuzz soak-oom bench install shell clean

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

deps: ## install what building and testing need (Debian bookworm or trixie, as root)
	@tests/deps build test vm lint bench

build/.cc-$(notdir $(firstword $(CC))): # a stamp a compiler: another CC= starts a new build
	@tests/deps build && rm -rf build
	@log=$$(CC='$(CC)' meson setup -Dtests=false --prefix '$(PREFIX)' build) && touch $@ || { echo "$$log"; exit 1; }

build: build/.cc-$(notdir $(firstword $(CC))) ## the program: build/cli/coffer (CC=clang for the other compiler)
	@ninja -C build --quiet

demo: build ## one container shown from outside and inside (VM=1: in the test VM)
	@tests/deps demo $(if $(VM),vm) && tests/demo $(if $(VM),--vm)

test: ## everything that is tested; STAGES="unit lint" for some of it
	@tests/test $(STAGES)

vm: ## build and cache the test VM: Debian 13, all cgroup controllers, systemd, engines, KVM
	@tests/deps vm && tests/vm/build

asan: ## unit and command-line tests under AddressSanitizer and UBSan
	@tests/test asan

lint: ## format, static analysis, layers and limits; PARTS="format limits" for some of it
	@tests/deps build lint && tests/lint/run $(PARTS)

fmt: ## format the C code in place
	@tests/deps lint && find $(wildcard base cgroups namespaces net image sandbox runtime cli tests) -name '*.[ch]' -exec clang-format -i {} +

fuzz: ## each fuzz target; SECONDS_EACH=3600 for longer than 20 s
	@FUZZ_SECONDS=$(or $(SECONDS_EACH),20) tests/test fuzz

soak-oom: build ## 10000 containers at their memory limits, in the test VM: reports in build-test/soak-oom
	@tests/deps vm && COFFER_VM_TIMEOUT=86400 CONTROLS="max crun oomd" tests/oom/run build-test/soak-oom 10000

bench: build ## starts, images and networks beside other tools: writes docs/benchmarks.md
	@tests/deps build bench vm && tests/bench/run

install: build ## to PREFIX (/usr/local), below DESTDIR
	@meson install -C build --quiet --no-rebuild

shell: build ## a root shell in the test VM, the tree in /job/coffer
	@tests/deps vm && tests/in-vm shell

clean: ## remove what was built
	@rm -rf build build-test
