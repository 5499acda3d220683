# SPDX-License-Identifier: GPL-2.0-or-later
# Hook libraries. make hooks: the examples, in build/hooks; those of the tests are in build/test-hooks.
# Included by the Makefile. A library of your own needs no more than: cc -shared -fPIC -o mine.so mine.c

HOOKSFLAGS := -std=c11 -D_GNU_SOURCE -Iinclude -fPIC -shared -pthread $(WARN) $(SANFLAGS) $(CPPFLAGS) $(CFLAGS)
HOOKS     := $(patsubst hooks/examples/%.c,$(BUILD)/hooks/%.so,$(wildcard hooks/examples/*.c))
TESTHOOKS := $(patsubst tests/hooks/%.c,$(BUILD)/test-hooks/%.so,$(wildcard tests/hooks/*.c))

hooks: $(HOOKS)

$(BUILD)/hooks/%.so: hooks/examples/%.c include/usher/hooks.h Makefile
	@mkdir -p $(@D)
	@echo "  SO    $@"
	@$(CC) $(HOOKSFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/test-hooks/%.so: tests/hooks/%.c include/usher/hooks.h Makefile
	@mkdir -p $(@D)
	@echo "  SO    $@"
	@$(CC) $(HOOKSFLAGS) $(LDFLAGS) -o $@ $<

$(BUILD)/unit: $(TESTHOOKS) $(HOOKS)
$(BUILD)/bench: $(BUILD)/test-hooks/empty.so

.PHONY: hooks
