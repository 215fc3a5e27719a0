#!/usr/bin/env python3
"""Errors are asked for by their truth, `if (err)` and `if (!err)`: the product compares nothing
with ERR_OK."""
import re
import sys

from functions import bare
from tree import c_files, faults_in

# Whether a comparison is a fault already; otherwise they are only counted.
JUDGED = True

COMPARED = re.compile(r"[!=]=\s*ERR_OK\b|\bERR_OK\s*[!=]=")


def faults(root):
    found = []
    for path, text in c_files(root):
        if not path.startswith("test/"):
            text = bare(text)
            for match in COMPARED.finditer(text):
                line = text.count("\n", 0, match.start()) + 1
                found.append(f"{path}:{line}: compares with ERR_OK; write `err` or `!err`")
    return found


def self_test():
    for path, line, wrong in [
        ("proto/a.c", "if (err != ERR_OK)", True),
        ("proto/a.c", "if (f(x) ==\n\t\tERR_OK)", True),
        ("proto/a.c", "if (ERR_OK == err)", True),
        ("proto/a.c", "if (!err)", False),
        ("proto/a.c", "enum err err = ERR_OK;", False),
        ("proto/a.c", "return err == ERR_FULL ? ERR_OK : err;", False),
        ("proto/a.c", "/* err == ERR_OK */", False),
        ("test/proto/a.c", "assert_true(f() == ERR_OK);", False),
    ]:
        if bool(faults_in(faults, {path: line + "\n"})) != wrong:
            sys.exit(f"self-test: {path} with {line} was judged wrongly")


self_test()
found = faults(sys.argv[1])
print("\n".join(found if JUDGED else []) or f"{len(found)} comparisons with ERR_OK in the product")
sys.exit(1 if found and JUDGED else 0)
