# SPDX-License-Identifier: GPL-2.0-or-later
# What there is to run beside `make test`. Included by the Makefile. Fuzzing needs clang.
#   sweep        corpus and vectors, every prefix and mutation, through everything; also with SAN=1 and MSAN=1
#   cost         what a packet costs at most, in instructions
#   fuzz-check   each fuzzer over its seeds, then for FUZZ_SECONDS
#   fuzz         the same, ten minutes each; FUZZERS="dhcp4 frame" are some of them
#   check-faults processes killed, stopped and starved, as often as it takes to believe it: half an hour, as root
#   coverage     of the codec, the registry's parser and the steerers by unit tests and sweep; fails below 95 % of
#                lines or 90 % of branches
FUZZ_SECONDS ?= 10
FUZZERS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))

AIDOBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(addprefix tests/,build.c corpus.c exercise.c exercise_packet.c guard.c \
	rig.c vector.c) $(wildcard tests/assemble*.c))

$(BUILD)/sweep: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/sweep/sweep.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

sweep: $(BUILD)/sweep
	$(BUILD)/sweep

# What another program has to look at: tests/proof/proof.h
PROOFOBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/proof/*.c))

$(BUILD)/proof: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/capture_file.o $(PROOFOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

cost: $(BUILD)/proof
	tests/cost $<

# The rest is built with FUZZ=1, which the targets at the end set.
$(BUILD)/pack: $(LIBOBJ) $(AIDOBJ) $(BUILD)/obj/tests/fuzz/pack.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/seeds: $(BUILD)/pack $(wildcard tests/corpus/*.txt tests/vectors/*.txt)
	@rm -rf $@
	@$(BUILD)/pack $@

$(BUILD)/fuzz_%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(LIBOBJ) $(AIDOBJ)
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
	$(addprefix relay/,state.c steer4.c steer6.c)

coverage:
	@$(MAKE) --no-print-directory COVERAGE=1 WERROR= WARN= BUILD=$(BUILD)/coverage coverage-run

coverage-run: $(BUILD)/unit $(BUILD)/usher $(BUILD)/sweep
	@find $(BUILD) -name '*.gcda' -delete
	@echo "  RUN   unit, sweep"
	@USHER=$(abspath $(BUILD)/usher) $(BUILD)/unit >$(BUILD)/log.unit 2>&1 || echo "coverage: a test fails, or gcov is in its way: see $(BUILD)/log.unit"
	@$(BUILD)/sweep
	@tests/coverage $(BUILD) 95 90 $(COVERED)

# Workers killed 1,000 times and stopped 200 times under load, everything killed 50 times with clients waiting, system calls
# failing. `make test` and the system test "keeper" do a part of it. ERRNOS: only each so-many-th of those calls.
ERRNOS ?= 5

check-faults: $(BUILD)/unit $(BUILD)/usher $(BUILD)/usher-trap
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=10 $(BUILD)/unit --verbose --filter 'keeper/*'
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=40 $(BUILD)/unit --verbose --filter 'keeper/stopped_workers_are_replaced'
	USHER=$(abspath $(BUILD)/usher) KEEPER_ROUNDS=50 tests/system/test_keeper.sh
	USHER=$(abspath $(BUILD)/usher) tests/system/errnos.sh $(ERRNOS)

.PHONY: sweep cost check-faults fuzz fuzz-run fuzz-check coverage coverage-run
.SECONDARY: $(patsubst %,$(BUILD)/obj/tests/fuzz/fuzz_%.o,$(FUZZERS))
-include $(BUILD)/obj/tests/sweep/sweep.d $(wildcard $(BUILD)/obj/tests/fuzz/*.d $(BUILD)/obj/tests/proof/*.d)

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
