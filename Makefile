# ptools for Linux. `make help` lists what can be made.
VERSION  := 0.1
prefix   ?= /usr
DESTDIR  ?=
CC       ?= gcc
CFLAGS   ?= -O2 -g
SAN      ?=
WERROR   ?=
B        ?= build

MACHINE  := $(shell uname -m)
ifneq ($(MACHINE),x86_64)
$(error ptools needs a file common/ctl/$(MACHINE)/ for this machine; only x86_64 exists)
endif

WARN     := -Wall -Wextra -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wvla -Wformat=2 \
            -Wundef -Wpointer-arith $(if $(WERROR),-Werror)
SANFLAGS := $(if $(SAN),-fsanitize=$(SAN) -fno-omit-frame-pointer -fno-sanitize-recover=all)
ALLFLAGS := -std=gnu17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I common $(WARN) $(CFLAGS) $(SANFLAGS)
LDALL    := $(LDFLAGS) $(SANFLAGS)

TOOLS    := pfiles
LDLIBS_common := -lcap

# Machine code is picked by folder name: common/<layer>/$(MACHINE)/.
COMMON_C := $(wildcard common/*/*.c common/*/$(MACHINE)/*.c)
COMMON_S := $(wildcard common/*/$(MACHINE)/*.S)
COMMON_O := $(COMMON_C:%.c=$B/%.o) $(COMMON_S:%.S=$B/%.o)

all: $(TOOLS:%=$B/%)

# Rebuild when compiler or flags change.
$B/flags.stamp: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALLFLAGS) $(LDALL)' | cmp -s - $@ || echo '$(CC) $(ALLFLAGS) $(LDALL)' > $@

$B/%.o: %.c $B/flags.stamp
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$B/%.o: %.S $B/flags.stamp
	@mkdir -p $(@D)
	$(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$B/libcommon.a: $(COMMON_O)
	rm -f $@ && $(AR) rcs $@ $^

define tool_rules
$(1)_O := $$(patsubst %.c,$$B/%.o,$$(wildcard cmd/$(1)/*.c))
$$B/$(1): $$($(1)_O) $$B/libcommon.a
	$$(CC) $$(LDALL) -o $$@ $$^ $$(LDLIBS_$(1)) $$(LDLIBS_common)
ALL_O += $$($(1)_O)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rules,$(t))))

-include $(patsubst %.o,%.d,$(COMMON_O) $(ALL_O))

.DELETE_ON_ERROR:
.PHONY: all FORCE

# --- torture and hazards: see the file ---
include $(wildcard tests/torture/rules.mk)
