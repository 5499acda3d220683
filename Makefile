# SPDX-License-Identifier: GPL-2.0-or-later
# usher. make: build/usher; make test: the Criterion tests; SAN=1: the same under ASan and UBSan, in a folder of its own.
CC      ?= gcc
CFLAGS  ?= -O2 -g
PREFIX  ?= /usr/local
VERSION := $(shell cat VERSION)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wconversion -Wsign-compare -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
ifdef WERROR
WARN += -Werror
endif
ifdef SAN
BUILD  ?= build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD  ?= build
endif

LIBS     := libnetfilter_queue libmnl yajl libpcap
ALLFLAGS := -std=c11 -D_GNU_SOURCE -DUSHER_VERSION='"$(VERSION)"' -I. -fvisibility=hidden -pthread \
	$(WARN) $(SANFLAGS) $(shell pkg-config --cflags $(LIBS)) $(CPPFLAGS) $(CFLAGS)
LDLIBS   := $(shell pkg-config --libs $(LIBS)) -ldl

SRC      := $(wildcard dhcpcodec/*.c registry/*.c rules/*.c relay/*.c)
OBJ      := $(SRC:%.c=$(BUILD)/obj/%.o)
LIBOBJ   := $(filter-out $(BUILD)/obj/relay/main.o,$(OBJ))
TESTSRC  := $(wildcard tests/*.c tests/dhcpcodec/*.c tests/registry/*.c tests/rules/*.c tests/relay/*.c)
TESTOBJ  := $(TESTSRC:%.c=$(BUILD)/obj/%.o)

all: $(BUILD)/usher

$(BUILD)/usher: $(OBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/unit: $(LIBOBJ) $(TESTOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lcriterion

$(BUILD)/obj/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

test: $(BUILD)/unit $(BUILD)/usher
	USHER=$(BUILD)/usher $(BUILD)/unit

clean:
	rm -rf build

.PHONY: all test clean
-include $(OBJ:.o=.d) $(TESTOBJ:.o=.d)
