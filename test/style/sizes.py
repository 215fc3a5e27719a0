#!/usr/bin/env python3
"""Sizes and names. No file of the product is longer than 700 lines and no function longer than 70,
no line of a C file is wider than 100 columns, and no two functions of the product have one name,
`static` or not.

sizes.py ROOT            checks, as the test does
sizes.py ROOT --list     shows every name used twice, and every line that is too wide"""
import collections
import sys

from functions import functions
from tree import c_files, faults_in

FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70
COLUMNS_MAX = 100
TAB = 8

# Files that are still too long; none may be added.
LONG_FILES = set()
# Whether wide lines and names used twice are faults already; otherwise they are only counted.
JUDGE_COLUMNS = True
JUDGE_NAMES = True
# Every program has one.
MANY = {"main"}


class Tree:
    """What the checks are about, read once."""

    def __init__(self, root):
        self.wide, self.long_files, self.long_functions = [], [], []
        self.names = collections.defaultdict(list)  # the files that define it
        self.files = self.longest_file = self.longest_function = 0
        for path, text in c_files(root):
            lines = text.splitlines()
            self.wide += [f"{path}:{number}" for number, line in enumerate(lines, 1)
                          if len(line.expandtabs(TAB)) > COLUMNS_MAX]
            if path.startswith("test/"):
                continue
            self.files += 1
            self.longest_file = max(self.longest_file, len(lines))
            if len(lines) > FILE_LINES_MAX:
                self.long_files.append((path, len(lines)))
            for function in functions(text):
                self.add(path, function)
        self.twice = {name: paths for name, paths in sorted(self.names.items())
                      if len(paths) > 1 and name not in MANY}

    def add(self, path, function):
        length = function.last - function.first + 1
        self.names[function.name].append(path)
        self.longest_function = max(self.longest_function, length)
        if length > FUNCTION_LINES_MAX:
            self.long_functions.append(f"{path}: {function.name} has {length} lines; "
                                       f"{FUNCTION_LINES_MAX} are the most")


def check_tree(root, columns=JUDGE_COLUMNS, names=JUDGE_NAMES):
    tree = Tree(root)
    found = [f"{path} has {count} lines; {FILE_LINES_MAX} are the most"
             for path, count in tree.long_files if path not in LONG_FILES]
    found += tree.long_functions
    if columns:
        found += [f"{place}: wider than {COLUMNS_MAX} columns" for place in tree.wide]
    if names:
        found += [f"{name} is defined in {', '.join(paths)}" for name, paths in tree.twice.items()]
    summary = (f"{tree.files} files, the longest of {tree.longest_file} lines; "
               f"{sum(map(len, tree.names.values()))} functions, the longest of "
               f"{tree.longest_function}; {len(tree.twice)} names used twice, "
               f"{len(tree.wide)} lines too wide")
    return found, summary


def show(root):
    tree = Tree(root)
    for name, paths in tree.twice.items():
        print(f"{name}  {len(paths)}: {' '.join(paths)}")
    print("\n".join(["", *tree.wide]))


def self_test():
    def function(name, lines):
        return f"static int {name}(void)\n{{\n" + "\tx();\n" * (lines - 3) + "}\n"

    wide = "\t/* " + "x" * 90 + "*/\n"
    for files, wrong in [
        ({"proto/a.c": function("f", 70)}, 0),
        ({"proto/a.c": function("f", 71)}, 1),
        ({"test/a.c": function("f", 71)}, 0),
        ({"proto/a.h": "\n" * 700}, 0),
        ({"proto/a.h": "\n" * 701}, 1),
        ({"proto/a.c": wide[1:]}, 0),
        ({"test/a.c": wide}, 1),
        ({"proto/a.c": function("f", 9), "node/b.c": function("f", 9)}, 1),
        ({"proto/a.c": function("main", 9), "node/b.c": function("main", 9)}, 0),
        ({"proto/a.c": function("f", 9), "test/b.c": function("f", 9)}, 0),
    ]:
        found, _ = faults_in(lambda root: check_tree(root, columns=True, names=True), files)
        if len(found) != wrong:
            sys.exit(f"self-test: {list(files)} was judged wrongly: {found}")


self_test()
if "--list" in sys.argv:
    sys.exit(show(sys.argv[1]))
found, summary = check_tree(sys.argv[1])
print("\n".join(found + [summary]))
sys.exit(1 if found else 0)
