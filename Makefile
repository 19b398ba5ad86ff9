# ptools for Linux. `make help` lists what can be made.
VERSION  := 0.1
prefix   ?= /usr/local
DESTDIR  ?=
ifeq ($(origin CC),default)
CC       := gcc
endif
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
PLAIN    := -std=gnu17 -D_GNU_SOURCE -DVERSION='"$(VERSION)"' -I common $(WARN)
ALLFLAGS := $(PLAIN) $(CFLAGS) $(SANFLAGS)
# A tool has ten thousands of addresses in its tables; packed, they cost a start less.
LDALL    := -Wl,-z,pack-relative-relocs $(LDFLAGS) $(SANFLAGS)

# What is being made in a line each; `make V=1` shows the commands.
quiet     = $(if $(V),,@printf '  %-5s %s\n' $(1) '$@' &&)

TOOLS    := $(notdir $(patsubst %/,%,$(sort $(dir $(wildcard cmd/*/*.c)))))
# Each library is a cost at every start, of a tenth of a millisecond: it is taken from its archive where there is one.
archive = $(if $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l:lib$(1).a,-l$(1))
LDLIBS_common := $(call archive,jansson)
LDLIBS_truss  := -Wl,--as-needed -lseccomp
# common/sym: ELF, DWARF, xz and names turned back.
LDLIBS_sym    := -Wl,--as-needed $(foreach l,dw elf z lzma,$(call archive,$(l))) -l:libiberty.a
LDLIBS_pstack := $(LDLIBS_sym)

# Machine code is picked by folder name: common/<layer>/$(MACHINE)/.
COMMON_C := $(wildcard common/*/*.c common/*/$(MACHINE)/*.c)
COMMON_S := $(wildcard common/*/$(MACHINE)/*.S)
COMMON_O := $(COMMON_C:%.c=$B/%.o) $(COMMON_S:%.S=$B/%.o)

.DEFAULT_GOAL := all
include common/sys/rules.mk

all: $(TOOLS:%=$B/%) ## build all tools into build/ (the default)

# Rebuild when compiler or flags change.
$B/flags.stamp: FORCE
	@mkdir -p $(@D)
	@echo '$(CC) $(ALLFLAGS) $(LDALL) $(LDLIBS_sym) $(LDLIBS_common)' | cmp -s - $@ || echo '$(CC) $(ALLFLAGS) $(LDALL) $(LDLIBS_sym) $(LDLIBS_common)' > $@

$B/%.o: %.c $B/flags.stamp
	@mkdir -p $(@D)
	$(call quiet,CC) $(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$B/%.o: %.S $B/flags.stamp
	@mkdir -p $(@D)
	$(call quiet,CC) $(CC) $(ALLFLAGS) -MMD -MP -c -o $@ $<

$B/libcommon.a: $(COMMON_O)
	$(call quiet,AR) rm -f $@ && $(AR) rcs $@ $^

define tool_rules
$(1)_O := $$(patsubst %.c,$$B/%.o,$$(wildcard cmd/$(1)/*.c))
$$B/$(1): $$($(1)_O) $$B/libcommon.a
	$$(call quiet,LD) $$(CC) $$(LDALL) -o $$@ $$^ $$(LDLIBS_$(1)) $$(LDLIBS_common)
ALL_O += $$($(1)_O)
endef
$(foreach t,$(TOOLS),$(eval $(call tool_rules,$(t))))

# --- tests ---------------------------------------------------------------------------------------

# Unit tests: one program each, linked with the common code, TAP on stdout. The fuzzers are among them, for some
# seconds; `make fuzz` gives them a minute and the sanitizers.
UNIT     := $(patsubst %.c,$B/%,$(wildcard tests/unit/t_*.c tests/fuzz/*.c))
UNIT_O   := $(patsubst %.c,$B/%.o,$(wildcard tests/unit/*.c tests/fuzz/*.c))
UNIT_AUX := $(patsubst %.c,$B/%.o,$(filter-out $(wildcard tests/unit/t_*.c),$(wildcard tests/unit/*.c)))
$(UNIT_O): ALLFLAGS += $(INC_$(notdir $(@D))) -I tests/lib
INC_fuzz := -I tests/unit
$(UNIT): $B/%: $B/%.o $(UNIT_AUX) $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_sym) $(LDLIBS_common)

# Victims: tests/targets/NAME.c is NAME, and NAME.VARIANT for each word of a line in its head such as
#	/* build: static static-pie 32 */
# They never carry sanitizers, whatever the tools are built with: they are ordinary programs. One that
# defines _GNU_SOURCE for itself may do so.
VARIANTS := $(shell awk 'FNR > 12 { nextfile } sub(/^\/\* build: /, "") { sub(/ *\*\/.*/, ""); \
	f = FILENAME; gsub(/.*\/|\.c$$/, "", f); for (i = 1; i <= NF; i++) print f "." $$i }' \
	$(wildcard tests/targets/*.c) /dev/null)
VICTIMS  := $(patsubst %.c,$B/%,$(wildcard tests/targets/*.c)) $(VARIANTS:%=$B/tests/targets/%)
VARIANT_static     := -static
VARIANT_static-pie := -static-pie -fPIE
VARIANT_pie        := -pie -fPIE
VARIANT_32         := -m32
VARIANT_fp         := -fno-omit-frame-pointer
VARIANT_O0         := -O0
VARIANT_32-static  := -m32 -static
VARIANT_stripped   := -s
# No .eh_frame: the unwind information is in .debug_frame, the second time compressed; or there is none at all.
VARIANT_debugframe := -fno-asynchronous-unwind-tables
VARIANT_gz         := -fno-asynchronous-unwind-tables -gz
VARIANT_pointer    := -g0 -fno-asynchronous-unwind-tables -fno-omit-frame-pointer -DKEEPS_POINTER
VARIANT_exceptions := -fexceptions

VICTIM_CC = $(CC) $(PLAIN:-D_GNU_SOURCE=-D_GNU_SOURCE=) -I tests/lib -O2 -g -pthread -MMD -MP -MF $@.d -MT $@
$B/tests/targets/%: tests/targets/%.c $B/flags.stamp
	@mkdir -p $(@D)
	$(call quiet,CC) $(VICTIM_CC) -o $@ $<

define variant_rules
$$B/tests/targets/$(1): tests/targets/$(basename $(1)).c $$B/flags.stamp
	@mkdir -p $$(@D)
	$$(call quiet,CC) $$(VICTIM_CC) $$(VARIANT_$(patsubst .%,%,$(suffix $(1)))) -o $$@ $$<
endef
$(foreach v,$(VARIANTS),$(eval $(call variant_rules,$(v))))

victims: $(VICTIMS)

TEST_ENV = B='$(abspath $B)' CC='$(CC)' WERROR='$(WERROR)' SAN='$(SAN)' CFLAGS='$(CFLAGS)' MAKEFLAGS= MAKELEVEL=
TALLY    = $(TEST_ENV) tests/lib/tally

deps: ## install what is missing on Debian: does nothing, and needs no network, when nothing is
	@tests/lib/deps $(DEPS)
# Groups of tests/lib/packages; the demo needs only the first, .ci/run adds `ci`, the benchmark `bench`.
DEPS     ?= build test load

demo: ## on a fresh machine: dependencies, build, a sample program and pfiles on it
	@tests/lib/deps build
	@$(MAKE) --no-print-directory all $B/tests/targets/sample
	@B='$B' tests/lib/demo

# One stage after the other, whatever -j says: tests that measure time must not run beside others.
CHECKS   := check-lints check-unit check-cmd check-torture check-load
check: ## dependencies, build, the whole suite
	@tests/lib/deps $(DEPS)
	@$(MAKE) --no-print-directory all unit victims torture-programs load-programs
	@rm -rf $B/tally
	@st=0; for c in $(CHECKS); do $(MAKE) --no-print-directory $$c || st=1; done; \
		tests/lib/tally-sum $B/tally || st=1; exit $$st

unit: $(UNIT)

check-unit: unit victims ## the unit tests
	@TALLY_HIDE='^ok ' $(TALLY) unit tests/lib/run-unit $(UNIT)

check-cmd: all victims ## the tools against victims (bats)
	@$(TALLY) cmd tests/lib/run-bats tests/cmd

check-lints: all ## that every lint goes red on a planted breach (bats)
	@$(TALLY) lints tests/lib/run-bats tests/lint

LINTS    := format layers headers man shell options packages paths groups
$(LINTS:%=check-%): check-%:
	@$(TEST_ENV) tests/lint/$*
check-options: all

check-lint: all ## format, layers, headers, man pages, shell, options, packages, paths, groups
	@$(TALLY) lint tests/lib/run-lint $(LINTS)

budgets: ## report functions and files that outgrew the house's budgets (never fails)
	@tests/lint/budgets

asan: ## the unit and command tests again under ASan and UBSan
	@$(MAKE) --no-print-directory B=$B/asan SAN=address,undefined CFLAGS='-O1 -g' asan-stages

FUZZ_SECONDS ?= 60
fuzz: ## random registers and memory against the decoder: a minute, under ASan and UBSan
	@$(MAKE) --no-print-directory B=$B/asan SAN=address,undefined CFLAGS='-O1 -g' fuzz-stage

FUZZERS  := $(patsubst %.c,$B/%,$(wildcard tests/fuzz/*.c))
fuzz-stage: $(FUZZERS)
	@FUZZ_SECONDS=$(FUZZ_SECONDS) $(TALLY) fuzz tests/lib/run-unit $(FUZZERS)

asan-stages: all unit victims
	@rm -rf $B/tally
	@st=0; for c in check-unit check-cmd; do $(MAKE) --no-print-directory $$c || st=1; done; \
		tests/lib/tally-sum $B/tally || st=1; exit $$st

# The torture and the hazard tests: what links to what is in there.
include $(wildcard tests/torture/rules.mk)
torture: all torture-programs ## at least 10,000 rounds of killing the tool at every instant
	@TALLY_TIMEOUT=3600 $(TALLY) torture tests/lib/run-torture full $(HAZARDS)
check-torture: all torture-programs ## a short torture, and one test for each hazard
	@$(TALLY) torture tests/lib/run-torture short $(HAZARDS)

# Real daemons under load. A minute each, twice; the short version has two seconds.
include $(wildcard tests/load/rules.mk)
load: all load-programs ## nginx, webhook, redis, postgres, memcached, python, node, bash under load: a minute each
	@TALLY_TIMEOUT=3600 $(TALLY) load tests/load/run --tap --seconds 60 $(DAEMONS)
check-load: all load-programs ## the same for two seconds each
	@$(TALLY) load tests/load/run --tap --seconds 2 $(DAEMONS)

BENCHES := $B/tests/bench/bench $B/tests/bench/rounds
$(BENCHES): %: %.o
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^

bench: ## pfiles beside lsof and lsfd: few and many descriptors, many sockets of others, many processes; then truss
	@tests/lib/deps build bench
	@$(MAKE) --no-print-directory all $(BENCHES) $B/tests/targets/many
	@B='$B' tests/bench/run
	@B='$B' tests/bench/situations
	@$(MAKE) --no-print-directory bench-truss

STACKED := $(addprefix $B/tests/targets/stacks.,static static-pie pie fp O0 32) $B/tests/targets/stuck
bench-pstack: ## pstack beside eu-stack and gdb: deep stacks, many threads, many and huge libraries, core files
	@tests/lib/deps build bench
	@$(MAKE) --no-print-directory all $(BENCHES) $B/tests/targets/stacks $(STACKED)
	@B='$B' tests/bench/pstack
	@B='$B' tests/bench/pstack-situations

$B/tests/bench/calls: $B/tests/bench/calls.o
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^

$B/tests/bench/stacks: $B/tests/bench/stacks.o $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_sym) $(LDLIBS_common)

bench-truss: ## truss beside strace: calls, threads, processes, filters, start-up
	@tests/lib/deps build bench
	@$(MAKE) --no-print-directory all $B/tests/bench/calls
	@B='$B' CC='$(CC)' tests/bench/truss

# --- installation --------------------------------------------------------------------------------

bindir   ?= $(prefix)/bin
mandir   ?= $(prefix)/share/man
bashdir  ?= $(prefix)/share/bash-completion/completions
fishdir  ?= $(prefix)/share/fish/vendor_completions.d
# Where Debian's zsh looks: packages have a folder of their own under /usr.
zshdir   ?= $(prefix)/share/zsh/$(if $(filter /usr,$(prefix)),vendor-completions,site-functions)

MAN1     := $(notdir $(wildcard man/*.1))
MAN7     := $(notdir $(wildcard man/*.7))

install: all ## into $(DESTDIR)$(prefix)
	install -d $(foreach d,$(bindir) $(mandir)/man1 $(mandir)/man7 $(bashdir) $(zshdir) $(fishdir),'$(DESTDIR)$(d)')
	install -m 755 $(TOOLS:%=$B/%) '$(DESTDIR)$(bindir)'
	install -m 644 $(MAN1:%=man/%) '$(DESTDIR)$(mandir)/man1'
	install -m 644 $(MAN7:%=man/%) '$(DESTDIR)$(mandir)/man7'
	install -m 644 $(TOOLS:%=completions/bash/%) '$(DESTDIR)$(bashdir)'
	install -m 644 $(TOOLS:%=completions/zsh/_%) '$(DESTDIR)$(zshdir)'
	install -m 644 $(TOOLS:%=completions/fish/%.fish) '$(DESTDIR)$(fishdir)'

uninstall: ## take away what install put there, and nothing else
	rm -f $(TOOLS:%='$(DESTDIR)$(bindir)/%') $(MAN1:%='$(DESTDIR)$(mandir)/man1/%') \
		$(MAN7:%='$(DESTDIR)$(mandir)/man7/%') $(TOOLS:%='$(DESTDIR)$(bashdir)/%') \
		$(TOOLS:%='$(DESTDIR)$(zshdir)/_%') $(TOOLS:%='$(DESTDIR)$(fishdir)/%.fish')

# --- housekeeping --------------------------------------------------------------------------------

format: ## put every C file into the house layout
	@tests/lint/format --fix

clean: ## remove everything made
	rm -rf '$B'

help: ## this list
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

-include $(patsubst %.o,%.d,$(COMMON_O) $(ALL_O) $(UNIT_O)) $(VICTIMS:%=%.d) $B/tests/bench/bench.d $B/tests/bench/calls.d $B/tests/bench/stacks.d

.DELETE_ON_ERROR:
.SECONDARY:
.PHONY: all FORCE deps demo check unit victims check-unit check-cmd check-lints check-lint \
	$(LINTS:%=check-%) budgets asan asan-stages torture torture-programs check-torture \
	load load-programs check-load bench bench-pstack fuzz fuzz-stage install uninstall format clean help
