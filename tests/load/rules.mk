# SPDX-License-Identifier: MIT
# The tests under load (included by the Makefile): real daemons, which `run` starts, and these programs.
LOAD_PROGRAMS := $(addprefix $B/tests/load/,prober mcload)
LOAD_O        := $(patsubst %.c,$B/%.o,$(wildcard tests/load/*.c))

$B/tests/load/prober: $B/tests/load/prober.o $B/tests/load/tree.o
$B/tests/load/mcload: $B/tests/load/mcload.o
$(LOAD_PROGRAMS):
	$(CC) $(LDALL) -o $@ $^ -pthread

load-programs: $(LOAD_PROGRAMS)

-include $(LOAD_O:.o=.d)
