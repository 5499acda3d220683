# SPDX-License-Identifier: GPL-2.0-or-later
# What there is to run beside `make test`. Included by the Makefile; needs clang but for sweep and coverage.
#   sweep        the corpus, every prefix and mutation of it, through everything; also with SAN=1 and MSAN=1
AID := $(patsubst %.c,$(BUILD)/obj/%.o,$(addprefix tests/,build.c corpus.c exercise.c exercise_packet.c guard.c rig.c))

$(BUILD)/sweep: $(LIBOBJ) $(AID) $(BUILD)/obj/tests/sweep/sweep.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

sweep: $(BUILD)/sweep
	$(BUILD)/sweep

.PHONY: sweep
-include $(BUILD)/obj/tests/sweep/sweep.d
