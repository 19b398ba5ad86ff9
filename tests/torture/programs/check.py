# SPDX-License-Identifier: MIT
# usage: check.py SECONDS: four threads that check their own results; exits 1 if one was wrong.
import hashlib
import os
import select
import socket
import sys
import threading
import time

end = time.monotonic() + float(sys.argv[1])
wrong = []
rounds = [0, 0, 0, 0]


def compute():
    block = b"x" * 300000
    digest = hashlib.sha256(block).hexdigest()
    total = sum((i * 1.0001) ** 0.5 for i in range(5000))
    while time.monotonic() < end:
        if hashlib.sha256(block).hexdigest() != digest:
            wrong.append("sha256")
        if sum((i * 1.0001) ** 0.5 for i in range(5000)) != total:
            wrong.append("float")
        rounds[0] += 1


def sleep():
    while time.monotonic() < end:
        begun = time.monotonic()
        time.sleep(0.003)
        if time.monotonic() - begun < 0.003:
            wrong.append("sleep")
        rounds[1] += 1


def talk():
    here, there = socket.socketpair()

    def answer():
        while data := there.recv(64):
            there.sendall(data[::-1])

    threading.Thread(target=answer, daemon=True).start()
    while time.monotonic() < end:
        message = b"%032d" % rounds[2]
        here.sendall(message)
        if here.recv(64) != message[::-1]:
            wrong.append("socket")
        rounds[2] += 1
        time.sleep(0.001)


def poll():
    reader, writer = os.pipe()
    watch = select.epoll()
    watch.register(reader, select.EPOLLIN)
    while time.monotonic() < end:
        if watch.poll(0.002):
            wrong.append("epoll without event")
        os.write(writer, b"z")
        if len(watch.poll(-1)) != 1 or os.read(reader, 1) != b"z":
            wrong.append("epoll")
        rounds[3] += 1


threads = [threading.Thread(target=f) for f in (compute, sleep, talk, poll)]
for t in threads:
    t.start()
for t in threads:
    t.join()
print("rounds", rounds, "wrong", wrong[:5])
sys.exit(1 if wrong or 0 in rounds else 0)
