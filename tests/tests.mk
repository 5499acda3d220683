# SPDX-License-Identifier: GPL-2.0-or-later
# What there is to run beside `make test`. Included by the Makefile. Fuzzing needs clang.
#   sweep        corpus and vectors, every prefix and mutation, through everything; also with SAN=1 and MSAN=1
#   cost         what a packet costs at most, in instructions
#   fuzz-check   each fuzzer over its seeds, then for FUZZ_SECONDS
#   fuzz         the same, ten minutes each; FUZZERS="dhcp4 frame" are some of them
#   check-faults processes killed, stopped and starved, as often as it takes to believe it: half an hour, as root
#   syntax       warnings of the compiler for what the sweep leaves out
#   coverage     of the codec, the registry's parser and the steerers by their tests and a part of the sweep; fails
#                below 95 % of lines or 90 % of branches, or if what is not reached is not in docs/testing.md
FUZZ_SECONDS ?= 6
FUZZERS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

AIDOBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(addprefix tests/,build.c corpus.c exercise.c exercise_packet.c guard.c \
	rig.c vector.c) $(wildcard tests/assemble*.c))

$(BUILD)/sweep: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/sweep/sweep.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

sweep: $(BUILD)/sweep
	$(BUILD)/sweep

# Of what the sweep is not made of, what this compiler has to say: with MSAN=1, clang.
SYNTAX := $(filter-out $(patsubst $(BUILD)/obj/%.o,%.c,$(LIBOBJ) $(AIDOBJ)),$(SRC) $(TESTSRC) tests/trap.c \
	$(wildcard tests/proof/*.c))

syntax:
	@printf '%s\n' $(SYNTAX) | xargs -n 8 -P $(shell nproc) $(CC) $(filter-out -fsanitize%,$(ALLFLAGS)) -fsyntax-only

# What another program has to look at: tests/proof/proof.h
PROOFOBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/proof/*.c))

$(BUILD)/proof: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/capture_file.o $(PROOFOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

cost: $(BUILD)/proof $(BUILD)/usher
	tests/cost $<
	tests/fetches $(BUILD)/usher

# The rest is built with FUZZ=1, which the targets at the end set.
$(BUILD)/pack: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/fuzz/pack.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/seeds: $(BUILD)/pack $(wildcard tests/corpus/*.txt tests/vectors/*.txt)
	@rm -rf $@
	@$(BUILD)/pack $@

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(BUILD)/obj/tests/fuzz/one.o $(LIBOBJ) $(AIDOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) -fsanitize=fuzzer $(LDFLAGS) -o $@ $^ $(LDLIBS)

fuzz-run: $(addprefix fuzz-run-,$(FUZZERS))

fuzz-run-%: $(BUILD)/seeds $(BUILD)/fuzz_%
	@tests/fuzz/run $(BUILD) $(FUZZ_SECONDS) $*

fuzz-check:
	@$(MAKE) --no-print-directory FUZZ=1 BUILD=$(BUILD)/fuzz fuzz-run

fuzz:
	@$(MAKE) --no-print-directory FUZZ=1 BUILD=$(BUILD)/fuzz FUZZ_SECONDS=600 fuzz-run

COVERED := $(wildcard dhcpcodec/*.c) $(addprefix registry/,json.c lines.c entry.c record.c user_id.c) \
	$(addprefix relay/,state.c option82.c steer4.c steer6.c)

# Of what is measured an object of its own; the rest is as it was built anyhow. The sweep goes over a part of it: what it finds
# wrong it finds under the sanitizers, here it only has to get everywhere.
COVEROBJ := $(COVERED:%.c=$(BUILD)/coverage/%.o)
PLAINOBJ := $(filter-out $(COVERED:%.c=$(BUILD)/obj/%.o),$(LIBOBJ))
# The tests of those files, and what goes through all of them.
COVER_SUITES = @($(subst $() $(),|,$(strip $(notdir $(basename $(COVERED))) vectors roundtrip relay_roundtrip relay4 relay6 relay_giaddr \
	source_file mark)))*/*
COVERFLAGS = $(filter-out -O%,$(ALLFLAGS)) -O0 --coverage

$(BUILD)/coverage/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC    $< for coverage"
	@gcc $(COVERFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/unit-coverage: $(COVEROBJ) $(PLAINOBJ) $(TESTOBJ)
	@echo "  LD    $@"
	@gcc $(COVERFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcriterion

$(BUILD)/sweep-coverage: $(COVEROBJ) $(PLAINOBJ) $(AIDOBJ) $(BUILD)/obj/tests/sweep/sweep.o
	@echo "  LD    $@"
	@gcc $(COVERFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

coverage: $(BUILD)/unit-coverage $(BUILD)/sweep-coverage
	@find $(BUILD)/coverage -name '*.gcda' -delete
	@echo "  RUN   unit, sweep"
	@$(BUILD)/unit-coverage --filter '$(COVER_SUITES)' >$(BUILD)/log.coverage 2>&1 || { cat $(BUILD)/log.coverage; false; }
	@$(BUILD)/sweep-coverage 16
	@tests/coverage $(BUILD)/coverage 95 90 docs/testing.md $(COVERED)

# Workers killed 1,000 times and stopped 200 times under load, everything killed 50 times with clients waiting, 100 upgrades
# by a stand-in for systemd and by a real one, system calls failing: one after the other, for some have limits in time.
# `make test` and the system tests "keeper", "upgrade", "systemd" and "errnos" do a part of it. ERRNOS: only each so-many-th
# of those calls.
ERRNOS ?= 1

check-faults: $(BUILD)/unit $(BUILD)/usher $(BUILD)/usher-trap
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=10 $(BUILD)/unit --verbose -j1 --filter 'keeper/*'
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=40 $(BUILD)/unit --verbose --filter 'keeper/stopped_workers_are_replaced'
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=50 KEEPER_CLIENTS=200 tests/system/test_keeper.sh
	USHER=$(abspath $(BUILD)/usher) UPGRADES=100 CRASHES=100 tests/system/test_upgrade.sh
	USHER=$(abspath $(BUILD)/usher) UPGRADES=100 tests/system/test_systemd.sh
	USHER=$(abspath $(BUILD)/usher) tests/system/test_errnos.sh $(ERRNOS)

.PHONY: sweep syntax cost check-faults fuzz fuzz-run fuzz-check coverage
.SECONDARY: $(patsubst %,$(BUILD)/obj/tests/fuzz/fuzz_%.o,$(FUZZERS))
-include $(BUILD)/obj/tests/sweep/sweep.d $(COVEROBJ:.o=.d) $(wildcard $(BUILD)/obj/tests/fuzz/*.d $(BUILD)/obj/tests/proof/*.d)

# clang-tidy, cppcheck and gcc -fanalyzer; nothing may be found. A file that was clean is looked at again when it changes;
# build/lint/relay/main is one of them.
LINTSRC := $(wildcard dhcpcodec/*.c registry/*.c rules/*.c relay/*.c)
LINTED := $(LINTSRC:%.c=$(BUILD)/lint/%)

$(BUILD)/lint/%: %.c tests/lint .clang-tidy
	@echo "  LINT  $<"
	@tests/lint $@ $< $(filter-out -Werror,$(ALLFLAGS))

lint-cppcheck:
	@cppcheck --quiet --std=c11 --language=c -I . --enable=warning,performance,portability --inline-suppr \
		--suppressions-list=tests/lint-suppressions.txt -D_GNU_SOURCE '-DUSHER_VERSION="0"' --error-exitcode=1 \
		$(LINTSRC)

lint:
	@$(MAKE) --no-print-directory -k lint-cppcheck $(LINTED)
	@echo "lint: nothing found in $(words $(LINTSRC)) files"

# Breaks one bound of the codec at a time and says which tests noticed.
mutants:
	tests/mutants/run

.PHONY: lint lint-cppcheck mutants
-include $(LINTED:=.d)

# Every client with every server wherever usher stands, as docs/matrix.md has it.
check-matrix: $(BUILD)/usher
	@USHER=$(abspath $(BUILD)/usher) tests/system/matrix.sh all

.PHONY: check-matrix
