#!/usr/bin/env python3
"""Calls between files point only to where rooms.py lets them, and files that use each other in a
circle stand in one room and are few. Told from the symbols of the object files: needs a build.

circles.py ROOT BUILD                 checks, as the test does
circles.py ROOT BUILD --report        shows every circle and the calls in it, for people
circles.py ROOT BUILD --plan FILE     shows which calls would point to where they must not if the
                                      files stood as FILE says (--folder: proto is meant otherwise)

A plan has a line for each room, lowest first: "room: file file file:function ...". A function that
is named stands in that room instead of its file's; "room/new: file:function ..." says in which new
file. A room that rooms.py does not know may use all rooms above its line."""
import argparse
import collections
import pathlib
import sys

import functions
import symbols
from rooms import ROOMS, allowed, misplaced, place

# Folders in which circles and arrows are judged; the others are only counted.
JUDGED = {"crypto", "store", "proto", "node", "tools"}
CIRCLE_MAX = 4


def owners(units):
    """Which file defines a symbol."""
    return {name: unit.source for unit in units for name in unit.defines}


def file_calls(units):
    """{(user, used): {symbol}} between files."""
    owner, calls = owners(units), collections.defaultdict(set)
    for unit in units:
        for name in unit.needs:
            target = owner.get(name)
            if target and target != unit.source:
                calls[unit.source, target].add(name)
    return calls


def circles(edges):
    """The strongly connected components of more than one node, largest first (Tarjan's way)."""
    nexts = collections.defaultdict(list)
    for source, target in sorted(edges):
        nexts[source].append(target)
    index, low, stack, on_stack, found = {}, {}, [], set(), []

    def enter(node):
        index[node] = low[node] = len(index)
        stack.append(node)
        on_stack.add(node)
        return node, iter(nexts[node])

    for root in sorted(nexts):
        work = [enter(root)] if root not in index else []
        while work:
            node, rest = work[-1]
            for target in rest:
                if target not in index:
                    work.append(enter(target))
                    break
                if target in on_stack:
                    low[node] = min(low[node], index[target])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    at = stack.index(node)
                    group, stack[at:] = stack[at:], []
                    on_stack.difference_update(group)
                    if len(group) > 1:
                        found.append(sorted(group))
    return sorted(found, key=lambda group: (-len(group), group))


def faults(calls, judged):
    found = []
    for (source, target), names in sorted(calls.items()):
        if place(source)[0] in judged and not allowed(source, target):
            found.append(f"{source} must not use {target}: {', '.join(sorted(names))}")
    for group in circles(calls):
        if not any(place(path)[0] in judged for path in group):
            continue
        if len({place(path) for path in group}) > 1:
            found.append(f"a circle of several rooms: {' '.join(group)}")
        elif len(group) > CIRCLE_MAX:
            found.append(f"a circle of more than {CIRCLE_MAX} files: {' '.join(group)}")
    return found


def summary(sources, calls):
    sizes = [len(group) for group in circles(calls)]
    return (f"{len(sources)} files, {sum(map(len, calls.values()))} calls between files, "
            f"circles: {', '.join(map(str, sizes)) or 'none'}, largest {max(sizes, default=1)}")


class Text:
    """Who mentions a name in a file, by function."""

    def __init__(self, root, source):
        self.functions = functions.functions(root.joinpath(source).read_text(encoding="utf-8"))
        lines = functions.bare(root.joinpath(source).read_text(encoding="utf-8")).split("\n")
        self.words = {}
        for function in self.functions:
            span = slice(function.first - 1, function.last)
            self.words[function.name] = set(functions.WORD.findall("\n".join(lines[span])))
            lines[span] = [""] * (function.last - function.first + 1)
        self.words[""] = set(functions.WORD.findall("\n".join(lines)))

    def users(self, name):
        """The functions that mention it; "" is the rest of the file, or a macro of a header."""
        found = [function for function, words in self.words.items()
                 if function and name in words and function != name]
        return found or [""]


def report(root, units):
    calls = file_calls(units)
    texts = {unit.source: Text(root, unit.source) for unit in units}
    print(summary(texts, calls))
    for group in circles(calls):
        print(f"\na circle of {len(group)}: {' '.join(group)}")
        for (source, target), names in sorted(calls.items()):
            if source in group and target in group:
                print(f"  {source} -> {target}")
                for name in sorted(names):
                    print(f"    {name}  from {', '.join(texts[source].users(name))}")


def read_plan(text):
    """The rooms in order, and {file or file:function: (room, new file or None)}."""
    rooms, places = [], {}
    for line in text.splitlines():
        line = line.partition("#")[0].strip()
        if line:
            head, _, names = line.partition(":")
            room, _, file = head.strip().partition("/")
            if room not in rooms:
                rooms.append(room)
            for name in names.replace(".c", "").split():
                if places.setdefault(name, (room, file)) != (room, file):
                    sys.exit(f"the plan puts {name} into two places")
    return rooms, places


def fine_calls(root, units):
    """{((file, function), (file, symbol))}: calls between files, and between functions of one."""
    owner, found = owners(units), set()
    for unit in units:
        text = Text(root, unit.source)
        for name in unit.needs:
            if name in owner:
                found |= {((unit.source, user), (owner[name], name)) for user in text.users(name)}
        for name in [function.name for function in text.functions]:
            found |= {((unit.source, user), (unit.source, name))
                      for user in text.users(name) if user}
    return found


def plan_report(root, units, plan, folder):
    rooms, places = read_plan(plan)
    units = [unit for unit in units if place(unit.source)[0] == folder]
    known = set()

    def planned(source, name):
        """The room and the file in which a function would stand."""
        path = source[len(folder) + 1:-len(".c")]
        stem = path.split("/")[-1]  # as it is called where files stand in rooms already
        for key in (f"{path}:{name}", f"{stem}:{name}", path, stem):
            if key in places:
                known.add(key)
                room, file = places[key]
                return room, file or stem
        return "", stem

    def may_use(room, other):
        if not room or room == other:
            return True
        uses = ROOMS.get(folder, {}).get(room)
        return other in uses if uses is not None else other in rooms[:rooms.index(room)]

    up, inside = collections.defaultdict(list), collections.defaultdict(set)
    for (source, user), (target, name) in sorted(fine_calls(root, units)):
        (room, file), (other, other_file) = planned(source, user), planned(target, name)
        if not may_use(room, other):
            up[room, other].append(f"{source}: {user or '(outside functions)'} -> {target}: {name}")
        elif room == other and file != other_file:
            inside[room].add((file, other_file))
    for unit in units:
        names = ["", *(function.name for function in Text(root, unit.source).functions)]
        if not all([planned(unit.source, name)[0] for name in names]):
            print(f"the plan gives {unit.source} no room")
    for name in sorted(set(places) - known):
        print(f"the plan names {name}, which is not there")
    print(f"{sum(map(len, up.values()))} calls point to where they must not")
    for pair, lines in sorted(up.items(), key=lambda item: -len(item[1])):
        print(f"\n{pair[0]} -> {pair[1] or 'no room'}: {len(lines)}")
        print("\n".join("  " + line for line in lines))
    print("\nCircles that would be left inside the rooms:")
    for room in rooms:
        for group in circles(inside[room]):
            print(f"  {room}: {len(group)}: {' '.join(group)}")


def self_test():
    def unit(source, defines, needs):
        made = symbols.Unit(source, source + ".o")
        made.functions, made.needs = set(defines.split()), set(needs.split())
        return made

    for files, wrong in [
        ([("proto/wire/a.c", "a", "puts"), ("proto/hub/b.c", "b", "a")], 0),
        ([("proto/wire/a.c", "a", "b"), ("proto/hub/b.c", "b", "")], 1),
        ([("proto/wire/a.c", "a", "b"), ("proto/hub/b.c", "b", "a")], 2),
        ([("proto/wire/a.c", "a", "b"), ("proto/wire/b.c", "b", "a")], 0),
        ([(f"proto/wire/{n}.c", f"f{n}", f"f{(n + 1) % 4}") for n in range(4)], 0),
        ([(f"proto/wire/{n}.c", f"f{n}", f"f{(n + 1) % 5}") for n in range(5)], 1),
        ([("crypto/a.c", "a", "b"), ("proto/wire/b.c", "b", "")], 0),  # crypto is not judged here
    ]:
        units = [unit(*file) for file in files]
        if len(faults(file_calls(units), {"proto"})) != wrong:
            sys.exit(f"self-test: {files} was judged wrongly")
    made = {"a.o": unit("proto/wire/a.c", "", "")}
    symbols.read_names("a.o: wire_in T 0 9\na.o: memcpy U         \na.o: names R 0 8\n"
                       "a.o: local t 0 9\na.o: __asan_init U\n", made)
    if (made["a.o"].functions, made["a.o"].data, made["a.o"].needs) != (
            {"wire_in"}, {"names"}, {"memcpy"}):
        sys.exit("self-test: the output of nm was misread")


def main():
    parser = argparse.ArgumentParser(description="Circles and arrows between files.")
    parser.add_argument("root", type=pathlib.Path)
    parser.add_argument("build", type=pathlib.Path)
    parser.add_argument("--report", action="store_true")
    parser.add_argument("--plan", type=pathlib.Path)
    parser.add_argument("--folder", default="proto")
    options = parser.parse_args()
    units = symbols.units(options.root, options.build)
    if not units:
        sys.exit(f"{options.build} holds no object files of the product")
    if options.plan:
        return plan_report(options.root, units, options.plan.read_text(encoding="utf-8"),
                           options.folder)
    if options.report:
        return report(options.root, units)
    calls = file_calls(units)
    found = faults(calls, JUDGED)
    found += filter(None, (misplaced(unit.source) for unit in units))
    print("\n".join(found + [summary({unit.source for unit in units}, calls)]))
    return 1 if found else 0


self_test()
sys.exit(main())
