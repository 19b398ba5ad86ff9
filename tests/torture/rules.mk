# SPDX-License-Identifier: MIT
# The torture and the hazard tests (included by the Makefile).
#   driver/*.c + lib/*.c                  -> $B/tests/torture/torture
#   hazards/NAME.c + lib/*.c              -> $B/tests/torture/hazard-NAME
#   cmd/truss/*.c + truss/touch.c         -> $B/tests/torture/touched-truss, which dies where it is told to
#   the rest of truss/*.c + lib/*.c       -> $B/tests/torture/torture-truss, which tells it
#   cmd/{pstop,prun}/*.c + stop/touch.c   -> $B/tests/torture/touched-pstop, touched-prun: the same
#   stop/{driver,storms,tool}.c + lib/*.c -> $B/tests/torture/torture-stop, which tells them
#   stop/mayfly.c                         -> $B/tests/torture/mayfly, a victim
#   all of victims/*.{c,S} as one program -> $B/tests/torture/victims/runner, runner.static, runner.32
# They link libcommon.a; lib/plan.c's touch_point() takes the place of the one in the archive.
TORTURE_LIB   := $(patsubst %.c,$B/%.o,$(wildcard tests/torture/lib/*.c))
TORTURE_O     := $(patsubst %.c,$B/%.o,$(wildcard tests/torture/driver/*.c))
HAZARDS_O     := $(patsubst %.c,$B/%.o,$(wildcard tests/torture/hazards/*.c))
HAZARDS       := $(patsubst tests/torture/hazards/%.c,$B/tests/torture/hazard-%,$(wildcard tests/torture/hazards/*.c))
RUNNER_SRC    := $(wildcard tests/torture/victims/*.c tests/torture/victims/*.S)
RUNNERS       := $(addprefix $B/tests/torture/victims/,runner runner.static runner.32)
TORTURED_TRUSS := $B/tests/torture/touched-truss $B/tests/torture/torture-truss
TORTURED_STOP := $(addprefix $B/tests/torture/,touched-pstop touched-prun torture-stop mayfly)
TORTURE_PROGRAMS := $B/tests/torture/torture $(TORTURED_TRUSS) $(TORTURED_STOP) $(HAZARDS) $(RUNNERS)

# Victims are ordinary programs: no sanitizer.
RUNNER_CC      = $(CC) -std=gnu17 -D_GNU_SOURCE $(WARN) -O2 -g -pthread
FLAGS_runner.static := -static
FLAGS_runner.32     := -m32 -no-pie
$(RUNNERS): $B/tests/torture/victims/%: $(RUNNER_SRC) $(wildcard tests/torture/victims/*.h) \
		tests/torture/lib/board.h $B/flags.stamp
	@mkdir -p $(@D)
	$(call quiet,CC) $(RUNNER_CC) $(FLAGS_$*) -o $@ $(RUNNER_SRC)

$B/tests/torture/torture: $(TORTURE_O) $(TORTURE_LIB) $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_common)

TRUSS_O := $(patsubst %.c,$B/%.o,$(wildcard tests/torture/truss/*.c))

$B/tests/torture/touched-truss: $(truss_O) $B/tests/torture/truss/touch.o $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_truss) $(LDLIBS_common)

$B/tests/torture/torture-truss: $(filter-out %/touch.o,$(TRUSS_O)) $(TORTURE_LIB) \
		$B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_common)

STOP_O := $(patsubst %.c,$B/%.o,$(filter-out %/mayfly.c,$(wildcard tests/torture/stop/*.c)))

$B/tests/torture/touched-pstop: $(pstop_O) $B/tests/torture/stop/touch.o $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_common)

$B/tests/torture/touched-prun: $(prun_O) $B/tests/torture/stop/touch.o $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_common)

$B/tests/torture/torture-stop: $(filter-out %/touch.o,$(STOP_O)) $(TORTURE_LIB) $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ $(LDLIBS_common)

$B/tests/torture/mayfly: tests/torture/stop/mayfly.c $B/flags.stamp
	@mkdir -p $(@D)
	$(call quiet,CC) $(RUNNER_CC) -o $@ $<

$(HAZARDS): $B/tests/torture/hazard-%: $B/tests/torture/hazards/%.o $(TORTURE_LIB) $B/libcommon.a
	$(call quiet,LD) $(CC) $(LDALL) -o $@ $^ -lrt $(LDLIBS_common)

torture-programs: $(TORTURE_PROGRAMS)

-include $(TORTURE_LIB:.o=.d) $(TORTURE_O:.o=.d) $(HAZARDS_O:.o=.d) $(TRUSS_O:.o=.d) $(STOP_O:.o=.d)
