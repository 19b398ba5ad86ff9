# SPDX-License-Identifier: MIT
"""truth.py ALLOWED TRUSS STRACE [CALL,...]: whether truss and strace tell the same of a program.

TRUSS is a trace of `truss -f -j`, STRACE what `strace -f -ff -s 4096` wrote (its files are STRACE.TID). For each thread
the two sequences of (call, result or error, first path) must be the same. Threads are paired by who made them:
"0" is the first one, "0.2" the second that it made. ALLOWED lists what need not agree, with the reasons.
With CALLs, for processes that run already and serve whoever comes: only these calls (`read<200`: with results from 1 to 199),
those that succeeded, and how often each was seen, by whichever thread. Prints what differs; status 1 if anything does.
"""
import collections
import difflib
import glob
import json
import re
import sys

# Whose first string is a path.
PATHS = re.compile(
    r"^(open|openat|openat2|creat|stat|lstat|stat64|lstat64|newfstatat|fstatat64|statx|access|faccessat2?|readlink|"
    r"readlinkat|unlink|unlinkat|mkdir|mkdirat|rmdir|rename|renameat2?|link|linkat|symlink|symlinkat|chdir|chmod|"
    r"fchmodat2?|chown|lchown|fchownat|truncate|truncate64|statfs|statfs64|mknod|mknodat|execve|execveat|utimensat|"
    r"setxattr|getxattr|listxattr|removexattr|memfd_create|inotify_add_watch)$")
MAKERS = re.compile(r"^(fork|vfork|clone|clone3)$")
# Results that are addresses, or ids and numbers that are others in each run.
ADDRESS = re.compile(r"^(brk|mmap|mmap2|mremap|shmat|arch_prctl)$")
NUMBERS = re.compile(
    r"^(getpid|gettid|getppid|set_tid_address|wait4|waitpid|waitid|setsid|getsid|getpgrp|getpgid|msgget|semget|shmget|"
    r"timer_create|times|time|fork|vfork|clone|clone3|getrandom|sysinfo)$")

DESCRIPTORS = ("openat", "accept", "accept4", "socket", "close")


def unescape(text):
    """Bytes of a C-like string: octal as strace has it, hex as truss does."""
    simple = {"n": 10, "t": 9, "r": 13, "v": 11, "f": 12, "\\": 92, '"': 34}
    out, i = bytearray(), 0
    while i < len(text):
        if text[i] != "\\" or i + 1 == len(text):
            out += text[i].encode()
            i += 1
            continue
        m = re.match(r"\\(x[0-9a-fA-F]{2}|[0-7]{1,3})", text[i:])
        if m:
            code = m.group(1)
            out.append(int(code[1:], 16) if code[0] == "x" else int(code, 8))
            i += len(m.group(0))
        else:
            out += bytes([simple[text[i + 1]]]) if text[i + 1] in simple else text[i + 1].encode()
            i += 2
    return bytes(out)


def path_of(name, text):
    m = PATHS.match(name) and re.search(r'"((?:[^"\\]|\\.)*)"', text)
    return unescape(m.group(1)).decode("utf-8", "backslashreplace") if m else ""


def deed(name, text, result, error):
    if error:
        what = "RESTART" if error.startswith("ERESTART") else error
    elif ADDRESS.match(name):
        what = "ADDRESS"
    elif NUMBERS.match(name):
        what = "0" if result == 0 else "NUMBER"
    else:
        what = str(result)
    path = path_of(name, text)
    return name + " " + what + (" " + path if path else "")


class Threads:
    """Sequences by thread; `made` is who made whom, in order."""

    def __init__(self):
        self.deeds, self.made, self.first = {}, {}, None

    def add(self, tid, name, text, result, error):
        if self.first is None:
            self.first = tid
        self.deeds.setdefault(tid, []).append(deed(name, text, result, error))
        if MAKERS.match(name) and not error and result > 0:
            self.made.setdefault(tid, []).append(result)

    def threads(self):
        return self.deeds.values()

    def by_birth(self):
        out, todo = {}, [(self.first, "0")]
        for tid, label in todo:
            out[label] = self.deeds.get(tid, [])
            todo += [(child, f"{label}.{i}") for i, child in enumerate(self.made.get(tid, []), 1)]
        return out


def read_truss(path):
    threads = Threads()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            e = json.loads(line)
            if e["type"] != "syscall" or "result" not in e and "error" not in e:
                continue
            threads.add(e["tid"], e["name"], e["text"], e.get("result", 0), e.get("error", ""))
    return threads


LINE = re.compile(r"^([a-z_0-9]+)\((.*)\) += (\?|0x[0-9a-f]+|-?[0-9]+)(?: ([A-Z][A-Z0-9_]*))?")


def read_strace(prefix):
    threads = Threads()
    files = {int(f[len(prefix) + 1:]): f for f in glob.glob(prefix + ".[0-9]*")}
    # The first one is the one that nobody made: of the lowest id, unless ids began anew.
    texts = {tid: open(f, encoding="utf-8", errors="replace").read().split("\n") for tid, f in files.items()}
    parsed = {}
    for tid, lines in texts.items():
        parsed[tid] = [m for m in map(LINE.match, lines) if m]
    made = {int(m.group(3)) for ms in parsed.values() for m in ms if MAKERS.match(m.group(1)) and m.group(3)[0] not in "?-"}
    for tid in sorted(parsed, key=lambda t: (t in made, t)):
        for m in parsed[tid]:
            name, text, result, word = m.groups()
            if result == "?" and not word:
                continue  # exit, and a thread that ends in a call
            # SYS_ipc and SYS_socketcall are shown as what they stand for by both.
            octal = re.match("^0[0-7]+$", result)
            number = 0 if result == "?" else int(result, 8 if octal else 0)
            error = word if word and (result in ("?", "-1")) else ""
            if number == -1 and not error:
                error = "-1"
            threads.add(tid, name, text, number, error)
    return threads


def allowed(path):
    """Patterns of deeds, names to be changed, patterns within deeds: see the head of the file."""
    out, names, parts = [], {}, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            line = line.split("#")[0].strip()
            if line:
                pattern, reason = line.split(" -- ")
                assert reason
                if pattern[0] == "~":
                    parts.append(re.compile(pattern[1:]))
                elif "=" in pattern:
                    names[pattern.split("=")[0]] = pattern.split("=")[1]
                else:
                    out.append(re.compile(pattern + "$"))
    return out, names, parts


def pool(ours, theirs, wanted):
    """How often which call succeeded with which result; a descriptor's number is chance. `read<200`: something, and less than that."""
    limits = {w.split("<")[0]: int((w + "<0").split("<")[1]) for w in wanted}
    counts = []
    for side in (theirs, ours):
        counts.append(collections.Counter())
        for deeds in side.threads():
            for d in deeds:
                name, result, *path = d.split(" ", 2)
                if limits.get(name) and result.isdigit() and not 0 < int(result) < limits[name]:
                    continue
                if name in limits and not result.startswith("E") and result != "RESTART":
                    counts[-1][" ".join([name, "" if name in DESCRIPTORS else result] + path)] += 1
    bad = 0
    for what in sorted(set(counts[0]) | set(counts[1])):
        if counts[0][what] != counts[1][what]:
            print(f"{what}: strace {counts[0][what]}, truss {counts[1][what]}")
            bad += 1
    print(f"{sum(counts[0].values())} calls of {len(counts[0])} kinds")
    return 1 if bad or not counts[0] else 0


def main():
    rules, names, parts = allowed(sys.argv[1])

    def reduced(deeds):
        deeds = (" ".join([names.get(d.split(" ")[0], d.split(" ")[0])] + d.split(" ")[1:]) for d in deeds)
        deeds = [d for d in deeds if not any(r.match(d) for r in rules)]
        for part in parts:
            deeds = [part.sub("*", d) for d in deeds]
        return deeds

    ours, theirs = read_truss(sys.argv[2]), read_strace(sys.argv[3])
    if len(sys.argv) > 4:
        return pool(ours, theirs, sys.argv[4].split(","))
    ours, theirs = ours.by_birth(), theirs.by_birth()
    total, bad = 0, 0
    for label in sorted(set(ours) | set(theirs)):
        a, b = (reduced(side.get(label, [])) for side in (theirs, ours))
        total += len(a)
        for line in list(difflib.unified_diff(a, b, "strace " + label, "truss " + label, lineterm=""))[:40]:
            print(line)
            bad += 1
    print(f"{len(theirs)} threads, {total} calls")
    return 1 if bad or not total else 0


if __name__ == "__main__":
    sys.exit(main())
