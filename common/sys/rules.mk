# SPDX-License-Identifier: MIT
# The generated tables of common/sys (included by the Makefile): $B/gen/sys/*_table.c, out of common/sys/data and the
# headers of the system, by common/sys/gen. Some seconds, once: made again when data, generator, compiler or the
# kernel's headers change, and never because of CFLAGS or a sanitizer.
SYS_GEN     := $B/gen/sys
SYS_TABLES  := $(patsubst %,$(SYS_GEN)/%_table,group ioctl layout sysent)
SYS_SOURCES := $(filter-out %.c,$(wildcard common/sys/gen/*)) common/sys/gen/probe.c $(wildcard common/sys/data/*)
COMMON_O    += $(SYS_TABLES:=.o)

# A program of the build: it runs here, whatever $(CC) compiles for.
HOSTCC      ?= $(CC)

$(SYS_GEN)/facts: common/sys/gen/facts.c
	@mkdir -p $(@D)
	$(call quiet,CC) $(HOSTCC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O1 -o $@ $< -ldw -lelf

$(SYS_GEN)/from.stamp: FORCE
	@mkdir -p $(@D)
	@{ echo '$(CC)'; $(CC) --version; $(CC) -E -dM -include linux/version.h -x c /dev/null 2>&1 | \
		grep LINUX_VERSION_CODE; } > $@.new; cmp -s $@.new $@ && rm $@.new || mv $@.new $@

$(SYS_GEN)/made.stamp: $(SYS_GEN)/facts $(SYS_SOURCES) $(SYS_GEN)/from.stamp
	$(call quiet,GEN) CC='$(CC)' common/sys/gen/tables common/sys/data $(SYS_GEN)/facts $(SYS_GEN)
	@touch $@

$(SYS_TABLES:=.c): $(SYS_GEN)/made.stamp ;

$(SYS_TABLES:=.o): $(SYS_GEN)/%.o: $(SYS_GEN)/%.c common/sys/tables.h common/sys/layout.h \
		common/sys/sysent.h common/sys/group.h $B/flags.stamp
	$(call quiet,CC) $(CC) $(ALLFLAGS) -c -o $@ $<
