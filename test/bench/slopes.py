#!/usr/bin/env python3
"""slopes.py - what test/bench/scale prints, from lines row;size;what;value on standard input.

Of each cost the values by size, and the exponent between the last two sizes that are above the noise. Ends with 1 when
one is more than it must be.
"""
import math
import sys
from collections import defaultdict

from table import shown

# Most an exponent may be: 0 does not depend on how much is there, 1 is in proportion; a logarithm and noise have room.
SLACK = 0.15
CONSTANT, LINEAR = 0, 1
MUST = {
    ("publish", "cpu"): LINEAR, ("publish", "memory"): CONSTANT,
    ("fetch and write", "cpu"): LINEAR, ("fetch and write", "memory"): CONSTANT,
    ("write from the store", "cpu"): LINEAR, ("write from the store", "memory"): CONSTANT,
    ("publish datasets", "cpu"): LINEAR, ("publish datasets", "memory"): CONSTANT,
    ("fetch datasets", "cpu"): LINEAR, ("fetch datasets", "memory"): CONSTANT,
    ("discovery", "bytes"): LINEAR, ("discovery", "rounds"): CONSTANT,
    ("in sync", "bytes"): CONSTANT, ("in sync", "rounds"): CONSTANT,
    ("one change", "cpu_ms"): CONSTANT, ("one change", "bytes"): CONSTANT,
    ("first sync", "cpu_ms"): LINEAR, ("first sync", "bytes"): LINEAR,
    ("first sync", "commits"): LINEAR, ("first sync", "signatures"): LINEAR,
    ("status", "cpu_us"): CONSTANT, ("show", "cpu_us"): CONSTANT, ("who", "cpu_us"): CONSTANT,
    ("ls", "cpu_us"): LINEAR,  # what it lists: those of one organisation, of which there are at most 400
    ("search", "cpu_us"): LINEAR, ("metrics", "cpu_us"): CONSTANT,
    ("doctor", "cpu_us"): CONSTANT, ("start", "cpu_us"): LINEAR, ("start-search", "cpu_us"): LINEAR,
}
# Below it a value is that of beginning at all, or of buffers that are not full yet: microseconds, KiB, bytes.
NOISE = {"time": 20000, "cpu": 50000, "memory": 32 * 1024, "cpu_us": 300, "p99_us": 5000, "cpu_ms": 0.3, "bytes": 100}
# What they are shown as, and how many of its units one is.
UNITS = {"cpu_us": ("time", 1), "p99_us": ("time", 1), "cpu_ms": ("time", 1000)}


def exponent(values, what):
    """Of pairs (size, value) in order of size; None when there are no two."""
    floor = NOISE.get(what, 0)
    if len(values) < 2:
        return None
    (n0, v0), (n1, v1) = values[-2:]
    return math.log(max(v1, floor, 1e-9) / max(v0, floor, 1e-9)) / math.log(n1 / n0)


def power(size):
    at = math.log10(size)
    return f"10^{at:.0f}" if abs(at - round(at)) < 1e-9 else f"{size:,}"


def said(what, value):
    unit, times = UNITS.get(what, (what, 1))
    return shown(unit, value * times)


def main():
    costs = defaultdict(dict)
    for line in sys.stdin:
        row, size, what, value = line.rstrip("\n").split(";")
        costs[row, what][int(size)] = float(value)
    missed = 0
    print(f"{'cost':32}{'exponent':>9}{'must':>6}   by size")
    for (row, what), values in costs.items():
        pairs = sorted(values.items())
        slope, must = exponent(pairs, what), MUST.get((row, what))
        bad = slope is not None and must is not None and slope > must + SLACK
        missed += bad
        print(f"{row + ', ' + what:32}{'' if slope is None else f'{slope:.2f}':>9}{'' if must is None else must:>6}"
              f" {'!' if bad else ' '} " + "  ".join(f"{power(size)}: {said(what, value)}" for size, value in pairs))
    if missed:
        print(f"{missed} grow faster than they must")
    return 1 if missed else 0


sys.exit(main())
