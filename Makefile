# SPDX-License-Identifier: GPL-2.0-or-later
# usher. make: build/usher; make test: the Criterion tests; SAN=1: the same under ASan and UBSan, in a folder of its own.
CC      ?= gcc
PREFIX  ?= /usr/local
SYSCONFDIR ?= /etc
VERSION := $(shell cat VERSION)

WARN := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wcast-qual \
	-Wconversion -Wsign-compare -Wvla -Wformat=2 -Wundef -Wno-missing-field-initializers
ifdef WERROR
WARN += -Werror
endif
# What is instrumented is built with -O1: it is as quickly run as built, and the same is found.
ifneq ($(SAN)$(MSAN)$(FUZZ),)
CFLAGS ?= -O1 -g
endif
CFLAGS ?= -O2 -g
ifdef SAN
BUILD  ?= build/san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifdef MSAN
CC     := clang
BUILD  ?= build/msan
SANFLAGS := -fsanitize=memory -fsanitize-memory-track-origins -fno-sanitize-recover=all -fno-omit-frame-pointer
else ifdef FUZZ
CC     := clang
BUILD  ?= build/fuzz
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
else
BUILD  ?= build
endif

LIBS     := libnetfilter_queue libmnl yajl
# Loaded when they are first wanted (registry/late.h).
LATE     := libpcap
# A registry in MySQL, where libmariadb is there. HAVE_MYSQL=0: without.
HAVE_MYSQL ?= $(if $(shell pkg-config --exists libmariadb && echo yes),1,0)
ifeq ($(HAVE_MYSQL),1)
LATE     += libmariadb
NOT_BUILT := registry/source_no_mysql.c
else
NOT_BUILT := $(filter-out %/source_no_mysql.c,$(wildcard registry/*mysql*.c tests/*/*mysql*.c))
endif
# The exporter, where libmicrohttpd is there. HAVE_MICROHTTPD=0: without.
HAVE_MICROHTTPD ?= $(if $(shell pkg-config --exists libmicrohttpd && echo yes),1,0)
ifeq ($(HAVE_MICROHTTPD),1)
LATE     += libmicrohttpd
NOT_BUILT += relay/no_exporter.c
else
NOT_BUILT += $(wildcard relay/exporter*.c tests/relay/test_exporter*.c) relay/cmd_exporter.c
endif
# The sandbox of the processes, as far as its libraries are there. HAVE_SECCOMP=0, HAVE_CAP_NG=0: without.
HAVE_SECCOMP ?= $(if $(shell pkg-config --exists libseccomp && echo yes),1,0)
HAVE_CAP_NG  ?= $(if $(shell pkg-config --exists libcap-ng && echo yes),1,0)
LIBS     += $(if $(filter 1,$(HAVE_SECCOMP)),libseccomp) $(if $(filter 1,$(HAVE_CAP_NG)),libcap-ng)
# soname NAME: what the dynamic linker calls lib NAME.
soname   = $(or $(shell objdump -p "$$($(CC) -print-file-name=lib$1.so)" 2>/dev/null | sed -n 's/ *SONAME *//p'),lib$1.so)
SONAMES  := -DSONAME_PCAP='"$(call soname,pcap)"' -DSONAME_MARIADB='"$(call soname,mariadb)"' \
	-DSONAME_MICROHTTPD='"$(call soname,microhttpd)"'
SANDBOX  := $(if $(filter 1,$(HAVE_SECCOMP)),-DHAVE_SECCOMP) $(if $(filter 1,$(HAVE_CAP_NG)),-DHAVE_CAP_NG)
ALLFLAGS := -std=c11 -D_GNU_SOURCE -DUSHER_VERSION='"$(VERSION)"' -I. -Iinclude -fvisibility=hidden -pthread \
	$(WARN) $(SANFLAGS) $(SANDBOX) $(SONAMES) \
	$(shell pkg-config --cflags $(LIBS) $(LATE)) $(CPPFLAGS) $(CFLAGS)
# -rdynamic: hook libraries find usher's functions in the program (relay/hook_*.c).
LDLIBS   := $(shell pkg-config --libs $(LIBS)) -ldl -rdynamic

SRC      := $(filter-out $(NOT_BUILT),$(wildcard dhcpcodec/*.c registry/*.c rules/*.c relay/*.c))
OBJ      := $(SRC:%.c=$(BUILD)/obj/%.o)
LIBOBJ   := $(filter-out $(BUILD)/obj/relay/main.o,$(OBJ))
TESTSRC  := $(filter-out $(NOT_BUILT),$(wildcard tests/*.c tests/dhcpcodec/*.c tests/registry/*.c tests/rules/*.c \
	tests/relay/*.c))
# Part of a program of its own: usher with a worker that packets can take over.
TESTSRC  := $(filter-out tests/trap.c,$(TESTSRC))
TESTOBJ  := $(TESTSRC:%.c=$(BUILD)/obj/%.o)
BENCHOBJ := $(patsubst %.c,$(BUILD)/obj/%.o,$(wildcard tests/bench/*.c)) $(BUILD)/obj/tests/build.o

all: $(BUILD)/usher

$(BUILD)/usher: $(OBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

# For packagers: needs what usher loads late, so that dependencies can be told from it.
$(BUILD)/late.so:
	@$(CC) -shared -o $@ -Wl,--no-as-needed $(shell pkg-config --libs $(LATE))

$(BUILD)/unit: $(LIBOBJ) $(TESTOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS) -lcriterion

$(BUILD)/usher-trap: $(OBJ) $(BUILD)/obj/tests/trap.o
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $^ $(LDLIBS)

$(BUILD)/bench: $(LIBOBJ) $(BENCHOBJ)
	@echo "  LD    $@"
	@$(CC) $(ALLFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(LDLIBS)

$(BUILD)/obj/%.o: %.c Makefile VERSION
	@mkdir -p $(@D)
	@echo "  CC    $<"
	@$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

# The page is in the program as it is.
$(BUILD)/obj/relay/exporter_page.o: $(wildcard relay/page/*)

test: $(BUILD)/unit $(BUILD)/usher $(BUILD)/usher-trap
	USHER=$(abspath $(BUILD)/usher) LSAN_OPTIONS=suppressions=$(CURDIR)/tests/lsan.supp \
		$(BUILD)/unit --timeout 120 $(if $(UNIT),--filter '$(UNIT)')

# What acceptance vectors and corpus emit, before tshark.
vectors-check: $(BUILD)/unit $(BUILD)/proof
	scripts/vectors-check $^

# As root, 15 minutes: docs/performance.md
bench: $(BUILD)/bench $(BUILD)/usher
	scripts/bench --build $(BUILD)

clean:
	rm -rf build

include packaging/install.mk hooks/hooks.mk tests/tests.mk

.PHONY: all test vectors-check bench clean
-include $(OBJ:.o=.d) $(TESTOBJ:.o=.d) $(BENCHOBJ:.o=.d)
