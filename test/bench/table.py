#!/usr/bin/env python3
"""table.py [--markdown] [--smoke] NAME=SIZE... - the table of test/bench/run from its samples on standard input.

A sample is a line: row, who, what, value; times in microseconds. Ends with 1 when a must is missed; with --smoke,
where sizes are small and the machine is busy, only that of memory counts.
"""
import statistics
import sys
from collections import defaultdict
from typing import NamedTuple, Optional

US = "allmende"


class Bar(NamedTuple):
    """What a figure has to be: a share of a peer's ("|": of the best of several), or as such."""
    what: str
    peer: Optional[str]
    must: Optional[float]
    aim: Optional[float] = None
    least: bool = False  # it is to be at least so much


class Row(NamedTuple):
    title: str
    bars: list
    count: Optional[str] = None  # the size that makes a rate of the time


ROWS = {
    "publish512": Row("publish {mib} MiB, half compressible", [
        Bar("time", "restic", 0.6, 0.5), Bar("cpu", "restic", 0.65, 0.5), Bar("memory", None, 128 * 1024)]),
    "files100k": Row("publish {files} files of 1 to 8 KiB as one dataset", [
        Bar("time", "restic|borg", 0.8, 0.5), Bar("memory", None, 128 * 1024)]),
    "again": Row("publish again after 20 edits of 50 bytes and 80 kB appended", [
        Bar("time", "restic", 0.5, 0.3), Bar("store", "restic", 0.03)]),
    "replicate": Row("replicate {mib} MiB and write the file", [
        Bar("time", "rsync", 0.85, 0.65), Bar("time", "syncthing", 0.5), Bar("memory", None, 128 * 1024)]),
    "edits": Row("the same after the small edits", [
        Bar("wire", "rsync", 0.25), Bar("time", "rsync", 0.5)]),
    "rki": Row("versions 2 to 7 of seven days of rki-inzidenz", [
        Bar("wire", None, 60000), Bar("store", None, 60000)]),
    "restore": Row("open, verify and write {mib} MiB from the store", [
        Bar("time", "restic", 0.4, 0.3)]),
    "discovery": Row("find {differences} differences among {records} records of {authors} authors", [
        Bar("bytes", None, 45000), Bar("rounds", None, 2)]),
    "insync": Row("in-sync check of two such nodes", [
        Bar("bytes", None, 200), Bar("rounds", None, 1)]),
    "firstsync": Row("first sync of {records} records, commits included, on one processor", [
        Bar("rate", None, 20000, 50000, True), Bar("memory", None, 256 * 1024)], "records"),
    "fetch25k": Row("fetch {sets} datasets of one small file each", [
        Bar("rate", None, 2000, None, True), Bar("time", "rsync", None, 2)], "sets"),
    "publish1k": Row("publish {singles} small datasets one after the other over the API", [
        Bar("rate", None, 300, None, True), Bar("commits", None, 1)], "singles"),
    "asked": Row("commands with {datasets} datasets known, a tenth held: 99 of 100 within", [
        *(Bar(what, None, 50000) for what in ("status", "ls", "show", "who")), Bar("search", None, 20000),
        Bar("start", None, 1000000), Bar("memory", None, 64 * 1024)]),
}
ASKED = ["status", "ls", "show", "who", "search", "start"]
ORDER = ["time", "rate", "cpu", "memory", "wire", "store", "bytes", "rounds", "commits", *ASKED]
NAMES = {"cpu": "CPU", "memory": "peak memory", "wire": "bytes on the wire", "store": "bytes new in the store",
         "bytes": "bytes", "rate": "a second", "rounds": "round trips", "commits": "commits each"}


def number(value):
    return f"{value:,.2f}" if value < 1 else f"{value:,.1f}" if value < 20 and value % 1 else f"{value:,.0f}"


def shown(what, value):
    if what in ("time", "cpu", *ASKED):
        return f"{value / 1e6:.2f} s" if value >= 1e6 else f"{value / 1e3:.{0 if value >= 1e4 else 2}f} ms"
    if what == "memory":
        return f"{value / 1024:.0f} MiB"
    if what in ("wire", "store", "bytes"):
        return f"{value / 1e6:,.2f} MB" if value >= 1e6 else f"{value / 1e3:,.1f} kB" if value >= 1e3 else f"{value:.0f}"
    return number(value)


def verdict(value, bar):
    """How it is, and whether it is missed."""
    def good(limit):
        return value >= limit if bar.least else value <= limit
    if bar.aim is not None and good(bar.aim):
        return "aim", False
    if bar.must is None:
        return "", False
    return ("holds", False) if good(bar.must) else ("missed", True)


def best(medians, what, peers):
    """Of these the one with the least, and how much."""
    here = [(medians[peer, what], peer) for peer in peers.split("|") if (peer, what) in medians]
    return min(here) if here else (None, None)


def lines_of(row, medians):
    """(what, ours, peer, ratio, must, aim, verdict, missed) for each thing measured, and each peer of it."""
    for what in ORDER:
        if (US, what) not in medians:
            continue
        ours = medians[US, what]
        bars = [bar for bar in row.bars if bar.what == what]
        if what == "wire" and not bars and not any(of == what and peer != US and value
                                                   for (peer, of), value in medians.items()):
            continue  # nobody else sends anything
        barred = set()
        for bar in bars:
            if bar.peer is None:
                word, missed = verdict(ours, bar)
                limits = [shown(what, limit) if limit is not None else "" for limit in (bar.must, bar.aim)]
                yield what, ours, "", "", *limits, word, missed
                continue
            value, peer = best(medians, what, bar.peer)
            barred.update(bar.peer.split("|"))
            if not peer:
                yield what, ours, "not here", "", *(number(x) if x else "" for x in (bar.must, bar.aim)), "", False
                continue
            ratio = ours / value if value else float("inf")
            word, missed = verdict(ratio, bar)
            yield (what, ours, f"{peer} {shown(what, value)}", f"{ratio:.2f}",
                   *(number(x) if x else "" for x in (bar.must, bar.aim)), word, missed)
        others = sorted(peer for peer, of in medians if of == what and peer != US and peer not in barred)
        for peer in others:
            value = medians[peer, what]
            ratio = f"{ours / value:.2f}" if value else ""
            yield what, ours, f"{peer} {shown(what, value)}", ratio, "", "", "", False
        if not bars and not others:
            yield what, ours, "", "", "", "", "", False


def table(values, sizes, judged):
    """Rows of the table, each a list of cells; and how many musts are missed."""
    missed = 0
    out = []
    for name, row in ROWS.items():
        medians = {(who, what): statistics.median(found) for (of, who, what), found in values.items() if of == name}
        if (US, "cpu_ms") in medians:  # of a program that measures its own processor and does not wait
            medians[US, "time"] = medians[US, "cpu_ms"] * 1000
        if row.count and (US, "time") in medians:
            medians[US, "rate"] = int(sizes[row.count]) * 1e6 / medians[US, "time"]
        title = row.title.format(**{key: f"{int(value):,}" for key, value in sizes.items()})
        for what, ours, peer, ratio, must, aim, word, bad in lines_of(row, medians):
            if bad and what not in judged:
                word, bad = "", False
            out.append([title, NAMES.get(what, what), shown(what, ours), peer, ratio, must, aim, word])
            missed += bad
            title = ""
    return out, missed


HEADS = ["workload", "what", US, "peer", "ratio", "must", "aim", ""]


def write(cells, markdown):
    if markdown:
        for line in [HEADS, ["---"] * len(HEADS)] + cells:
            print("| " + " | ".join(line) + " |")
        return
    titles = [line[0] for line in cells]
    widths = [max(len(line[i]) for line in [HEADS] + cells) for i in range(1, len(HEADS))]
    for title, line in zip(titles, cells):
        if title:
            print(title)
        print("   " + "  ".join(cell.ljust(width) for cell, width in zip(line[1:], widths)).rstrip())


def main():
    words = sys.argv[1:]
    markdown = "--markdown" in words
    sizes = dict(word.split("=", 1) for word in words if "=" in word)
    values = defaultdict(list)
    for line in sys.stdin:
        row, who, what, value = line.rstrip("\n").split("\t")
        values[row, who, what].append(float(value))
    cells, missed = table(values, sizes, ["memory"] if "--smoke" in words else ORDER)
    write(cells, markdown)
    if missed:
        print(f"\n{missed} figures miss their must")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
