#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""
peers.py PFILES PID: what pfiles, lsfd, lslocks and ss say of one idle process, fact by fact. Prints a line for each
difference, and nothing else. What a peer does not know is not compared; where it knows and is known to be wrong, the
reason stands beside the exception here.
"""
import json
import re
import subprocess
import sys


def run(*command):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=False).stdout


KINDS = {"S_IFREG": "REG", "S_IFDIR": "DIR", "S_IFSOCK": "SOCK", "S_IFIFO": "FIFO", "S_IFCHR": "CHR", "S_IFBLK": "BLK"}

# lsfd's names of flags; it has one for O_CLOEXEC too.
FLAGS = {
    "wronly": "O_WRONLY", "rdwr": "O_RDWR", "creat": "O_CREAT", "excl": "O_EXCL", "noctty": "O_NOCTTY",
    "trunc": "O_TRUNC", "append": "O_APPEND", "nonblock": "O_NONBLOCK", "dsync": "O_DSYNC", "direct": "O_DIRECT",
    "directory": "O_DIRECTORY", "nofollow": "O_NOFOLLOW", "noatime": "O_NOATIME",
    "path": "O_PATH", "sync": "O_SYNC", "tmpfile": "O_TMPFILE",
}
# Flags that lsfd shows by no word: of O_LARGEFILE it takes glibc's number, which is 0 on 64-bit machines.
UNNAMED = ("O_RDONLY", "O_LARGEFILE", "O_ASYNC")

STATES = {"ESTAB": "ESTABLISHED", "UNCONN": "CLOSE", "SYN-SENT": "SYN_SENT", "SYN-RECV": "SYN_RECV",
          "FIN-WAIT-1": "FIN_WAIT1", "FIN-WAIT-2": "FIN_WAIT2", "TIME-WAIT": "TIME_WAIT",
          "CLOSE-WAIT": "CLOSE_WAIT", "LAST-ACK": "LAST_ACK"}
# What ours call a socket that has no connections.
CONNECTIONLESS = {"UNCONNECTED": "CLOSE"}


def lsfd(pid):
    out = {}
    for row in json.loads(run("lsfd", "-J", "-p", pid, "-o", "FD,TYPE,INODE,POS,FLAGS,DEV") or '{"lsfd": []}')["lsfd"]:
        if row["fd"] is not None:
            flags = set(filter(None, (row["flags"] or "").split(",")))
            out[int(row["fd"])] = {
                "type": row["type"], "ino": row["inode"], "position": row["pos"],
                "dev": row["dev"], "cloexec": "cloexec" in flags,
                "flags": sorted(FLAGS.get(f, f) for f in flags - {"cloexec"}),
            }
    return out


def as_lsfd(d):
    kind = KINDS.get(d.get("type"), d.get("type"))
    out = {
        "ino": d.get("ino"), "cloexec": d.get("cloexec"),
        "flags": sorted(f for f in d.get("flags", []) if f not in UNNAMED),
        "dev": "%d:%d" % (d["dev"]["major"], d["dev"]["minor"]) if "dev" in d else None,
    }
    # An anonymous inode has no type of its own; lsfd gives it one.
    if kind in KINDS.values():
        out["type"] = kind
    if "offset" in d:
        out["position"] = d["offset"]
    return out


def against_lsfd(ours, pid):
    theirs = lsfd(pid)
    if sorted(ours) != sorted(theirs):
        yield "lsfd: descriptors %s, ours %s" % (sorted(theirs), sorted(ours))
    for fd in sorted(set(ours) & set(theirs)):
        for name, value in as_lsfd(ours[fd]).items():
            if value != theirs[fd][name]:
                yield "lsfd: fd %d: %s %s, ours %s" % (fd, name, theirs[fd][name], value)


def against_lslocks(ours, pid):
    text = run("lslocks", "-J", "-b", "-p", pid, "-o", "TYPE,MODE,START,END,PID,INODE")
    mine = set()
    for d in ours.values():
        for lock in d.get("locks", []):
            mine.add((d["ino"], lock["kind"].upper(), lock["type"].upper(), lock.get("start"), lock.get("end")))
    for row in json.loads(text)["locks"] if text.strip() else []:
        if row["mode"].endswith("*"):
            continue  # asked for, not held
        end = row["end"] if row["end"] else None  # 0: to the end of the file
        theirs = (row["inode"], row["type"], row["mode"], row["start"], end)
        if not any(same_lock(theirs, m) for m in mine):
            yield "lslocks: %s, ours %s" % (theirs, sorted(mine, key=str))


def same_lock(theirs, mine):
    ino, kind, mode, start, end = mine
    return (ino, mode[:4]) == (theirs[0], theirs[2][:4]) and kind[:3] == theirs[1][:3] and \
        (start or 0) == theirs[3] and (end if isinstance(end, int) else None) == theirs[4]


def address(text):
    host, _, port = text.rpartition(":")
    return host.strip("[]").split("%")[0], port


def of_name(name):
    if not name or "address" not in name:
        return None
    any_address = name["address"] in ("0.0.0.0", "::")
    return ("*" if any_address else name["address"]), ("*" if not name.get("port") else str(name["port"]))


def against_ss(ours, pid):
    for line in run("nsenter", "-t", pid, "-n", "ss", "-HOtuwxanep").splitlines():
        seen = re.findall(r"pid=%s,fd=(\d+)\)" % pid, line)
        words = line.split()
        for fd in map(int, seen):
            s = ours.get(fd, {}).get("socket")
            if s is None:
                yield "ss: fd %d is a socket, ours %s" % (fd, ours.get(fd))
                continue
            yield from ("ss: fd %d: %s" % (fd, what) for what in one_socket(s, ours[fd], words, line))


def one_socket(s, d, words, line):
    unix = s["family"] == "AF_UNIX"
    state = STATES.get(words[1], words[1])
    mine = s.get("state", "CLOSE")
    # ss shows the state of a UNIX socket that was never connected as UNCONN, of one that was as ESTAB.
    if not unix and CONNECTIONLESS.get(mine, mine) != state:
        yield "state %s, ours %s" % (state, mine)
    if unix and (words[1] == "LISTEN") != ("SO_ACCEPTCONN" in s.get("options", {})):
        yield "state %s, ours %s" % (words[1], s.get("options"))
    if words[1] == "LISTEN" and s.get("backlog_limit") != int(words[3]):
        yield "backlog limit %s, ours %s" % (words[3], s.get("backlog_limit"))
    if unix:
        if int(words[5]) != d["ino"]:
            yield "inode %s, ours %s" % (words[5], d["ino"])
        name = s.get("sockname", {})
        shown = name.get("path") or ("@" + name["abstract"] if "abstract" in name else "*")
        if words[4] != shown:
            yield "name %s, ours %s" % (words[4], shown)
        return
    ino, cookie = re.search(r"ino:(\d+)", line), re.search(r"sk:([0-9a-f]+)", line)
    if ino and int(ino.group(1)) != d["ino"]:
        yield "inode %s, ours %s" % (ino.group(1), d["ino"])
    if cookie and "cookie" in s and int(cookie.group(1), 16) != s["cookie"]:
        yield "cookie %s, ours %x" % (cookie.group(1), s["cookie"])
    for what, mine, theirs in (("name", s.get("sockname"), words[4]), ("peer", s.get("peername"), words[5])):
        host, port = address(theirs)
        mine = of_name(mine)
        if mine and (mine[0] if mine[0] != "*" else host, mine[1]) != (host, port):
            yield "%s %s, ours %s" % (what, theirs, mine)
        if not mine and (host not in ("0.0.0.0", "::", "*") or port != "*"):
            yield "%s %s, ours none" % (what, theirs)


def main():
    pfiles, pid = sys.argv[1:3]
    page = json.loads(run(pfiles, "-j", pid))
    ours = {d["fd"]: d for d in page["descriptors"]}
    for against in (against_lsfd, against_lslocks, against_ss):
        for line in against(ours, pid):
            print(line)


main()
