# SPDX-License-Identifier: MIT
"""terminal.py TRACE TRUSS: a shell with job control under truss, on a terminal of its own, and somebody who types.

Prints what the terminal showed; the exit status is the shell's.
"""
import os
import pty
import select
import sys
import time

TYPED = [b"sleep 50\n", b"\x1a", b"jobs\n", b"fg\n", b"\x03", b"read x\n", b"hello\n", b"echo got $x\n", b"exit 7\n"]


def read_for(fd, seconds, shown):
    end = time.time() + seconds
    while time.time() < end:
        if select.select([fd], [], [], 0.05)[0]:
            try:
                data = os.read(fd, 65536)
            except OSError:
                return
            shown.append(data)


def main():
    trace, truss = sys.argv[1:]
    pid, fd = pty.fork()
    if pid == 0:
        os.execv(truss, [truss, "-f", "-o", trace, "/bin/bash", "--norc", "-i"])
    shown = []
    read_for(fd, 1.0, shown)
    for keys in TYPED:
        os.write(fd, keys)
        read_for(fd, 0.7, shown)
    _, status = os.waitpid(pid, 0)
    sys.stdout.write(b"".join(shown).decode(errors="replace").replace("\r", ""))
    sys.exit(os.waitstatus_to_exitcode(status))


main()
