# The front door. Everything real is in CMakePresets.json; `make demo` and `make test` need nothing
# but a Debian 12 with root or sudo: tools/setup.sh installs what is missing.
.PHONY: demo test build configure setup asan fuzz bench format lint clean
.DEFAULT_GOAL := build

PROMPT ?= a large red circle to the left of a small blue square on a beige background
BIN := build/release/bin
SOURCES = $(shell find src apps tests bench -name '*.h' -o -name '*.cpp')

setup:
	@tools/setup.sh

configure: setup
	@cmake --preset release >build/configure.log 2>&1 || { cat build/configure.log; exit 1; }

build: configure
	@cmake --build --preset release

# Draws PROMPT with the model that ships inside the program.
demo: configure
	@cmake --build --preset release --target sfumato
	@$(BIN)/sfumato txt2img "$(PROMPT)"

test: build lint
	@ctest --preset release

# The unit tests again, watched by AddressSanitizer and UndefinedBehaviorSanitizer.
asan: setup
	@cmake --preset asan >build/configure-asan.log 2>&1 || { cat build/configure-asan.log; exit 1; }
	@cmake --build --preset asan
	@ctest --preset asan

# Every reader against random damage, FUZZ_SECONDS each; needs clang-19, libclang-rt-19-dev
# and libomp-19-dev.
FUZZ_SECONDS ?= 60
fuzz: setup
	@cmake --preset fuzz >build/configure-fuzz.log 2>&1 || { cat build/configure-fuzz.log; exit 1; }
	@cmake --build --preset fuzz
	@tests/fuzz/run.sh build/fuzz/bin $(FUZZ_SECONDS)

bench: build
	@$(BIN)/sfumato_bench

format:
	@clang-format -i $(SOURCES)

lint: setup
	@python3 tools/check_layers.py
	@python3 tools/check_paper_map.py
	@clang-format --dry-run --Werror $(SOURCES) && echo "format ok"

clean:
	@rm -rf build
