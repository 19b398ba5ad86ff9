# SPDX-License-Identifier: MIT
"""work.py serve READY: an epoll echo server on a free port, and threads that do work and check it, until
SIGTERM. The port goes to the file READY. A line "stat" is answered by what was done and what failed, "fds" by
what the interpreter itself knows of its descriptors; every other line is sent back.
work.py load PORT SECONDS: sends lines, compares what comes back; prints "REQUESTS FAILED LONGEST-MS"."""
import fcntl
import hashlib
import os
import queue
import random
import select
import socket
import stat
import sys
import tempfile
import threading
import time
import traceback

done = {}
wrong = {}


def check(name, good, what):
    done[name] = done.get(name, 0) + 1
    if not good:
        wrong[name] = wrong.get(name, 0) + 1
        print(f"{name}: {what}", file=sys.stderr, flush=True)


def forever(work):
    """One kind of work again and again: an exception of any kind is a failure."""

    def body():
        while True:
            try:
                work()
            except Exception:  # whatever it is, the load must go on and the report tell
                check(work.__name__, False, traceback.format_exc())

    threading.Thread(target=body, name=work.__name__, daemon=True).start()


KNOWN = hashlib.sha256(bytes(range(256)) * 4096).hexdigest()


def hashing():
    check("hashing", hashlib.sha256(bytes(range(256)) * 4096).hexdigest() == KNOWN, "another sum")
    time.sleep(0.005)


pipe_r, pipe_w = os.pipe()


def writing():
    """Blocks of more than a pipe holds: each write() sleeps in the middle, and must be whole."""
    block = random.randbytes(1 << 20)
    n = os.write(pipe_w, hashlib.sha256(block).digest() + block)
    check("writing", n == 32 + len(block), f"a write of {n} bytes")


def reading():
    digest = read_whole(32)
    check("reading", hashlib.sha256(read_whole(1 << 20)).digest() == digest, "other bytes than written")
    time.sleep(0.005)


def read_whole(size):
    parts = b""
    while len(parts) < size:
        part = os.read(pipe_r, min(65536, size - len(parts)))
        if not part:
            raise EOFError
        parts += part
    return parts


def sleeping():
    start = time.monotonic()
    time.sleep(0.01)
    check("sleeping", time.monotonic() - start >= 0.01, "woke too early")


mail = queue.Queue(maxsize=4)


def sending():
    mail.put(os.getpid(), timeout=20)


def receiving():
    check("receiving", mail.get(timeout=20) == os.getpid(), "another message")
    time.sleep(0.002)


def spawning():
    status = os.waitstatus_to_exitcode(os.waitpid(os.posix_spawn("/bin/sh", ["sh", "-c", "exit 7"], {}), 0)[1])
    check("spawning", status == 7, f"status {status}")
    time.sleep(0.1)


def facts():
    """What this process knows of each of its descriptors: number, type, inode, flags, offset, names."""
    lines = []
    for fd in sorted(int(n) for n in os.listdir("/proc/self/fd")):
        try:
            st = os.fstat(fd)
        except OSError:  # the one that listdir used
            continue
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
        words = [str(fd), stat.filemode(st.st_mode)[0], str(st.st_ino), str(flags & os.O_ACCMODE),
                 str(int(bool(flags & os.O_NONBLOCK))), str(int(bool(flags & os.O_APPEND))),
                 str(fcntl.fcntl(fd, fcntl.F_GETFD)), "-", "-", "-"]
        if stat.S_ISREG(st.st_mode):
            words[7] = str(os.lseek(fd, 0, os.SEEK_CUR))
        if stat.S_ISSOCK(st.st_mode):
            with socket.socket(fileno=os.dup(fd)) as s:
                words[8:] = name_of(s.getsockname), name_of(s.getpeername)
        lines.append(" ".join(words))
    return "\n".join(lines) + "\n.\n"


def name_of(ask):
    try:
        return ":".join(str(w) for w in ask())
    except OSError:
        return "-"


def answer(line):
    if line == b"stat":
        return f"{sum(done.values())} {sum(wrong.values())}\n".encode()
    if line == b"fds":
        return facts().encode()
    return line + b"\n"


def serve(ready):
    scratch = tempfile.TemporaryFile(dir=os.path.dirname(ready))
    scratch.write(b"seven77")
    scratch.flush()
    listener = socket.create_server(("127.0.0.1", 0), backlog=64)
    with open(ready + ".new", "w") as f:
        print(listener.getsockname()[1], file=f)
    os.rename(ready + ".new", ready)
    for work in hashing, writing, reading, sleeping, sending, receiving, spawning:
        forever(work)
    poll = select.epoll()
    poll.register(listener.fileno(), select.EPOLLIN)
    peers = {}
    while True:
        for fd, _ in poll.poll(1.0):
            if fd == listener.fileno():
                peer, _ = listener.accept()
                peers[peer.fileno()] = (peer, bytearray())
                poll.register(peer.fileno(), select.EPOLLIN)
                continue
            peer, text = peers[fd]
            part = peer.recv(65536)
            if not part:
                poll.unregister(fd)
                peers.pop(fd)[0].close()
                continue
            text += part
            while b"\n" in text:
                line, _, rest = bytes(text).partition(b"\n")
                text[:] = rest
                peer.sendall(answer(line))


def ask(file, line):
    file.write(line + b"\n")
    file.flush()
    return file.readline()


def load(port, seconds):
    end = time.monotonic() + seconds
    requests = failed = 0
    longest = 0.0
    file = socket.create_connection(("127.0.0.1", port), timeout=20).makefile("rwb")
    before = [int(w) for w in ask(file, b"stat").split()]
    while time.monotonic() < end:
        line = random.randbytes(random.randrange(1, 4000)).hex().encode()
        start = time.monotonic()
        failed += ask(file, line) != line + b"\n"
        longest = max(longest, time.monotonic() - start)
        requests += 1
    after = [int(w) for w in ask(file, b"stat").split()]
    print(requests + after[0] - before[0], failed + after[1] - before[1], f"{longest * 1000:.1f}")


if sys.argv[1] == "serve":
    serve(sys.argv[2])
else:
    load(int(sys.argv[2]), float(sys.argv[3]))
