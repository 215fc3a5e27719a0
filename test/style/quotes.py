#!/usr/bin/env python3
"""Every sentence the code quotes from the specification stands in docs/PROTOCOL.md.

A quotation is a comment that contains PROTOCOL: "...". It may run over several lines of the
comment and ends at the comment's last quotation mark, or at the last one before the next PROTOCOL:.
White space, comment stars and the marks ` and ** do not count."""
import pathlib
import re
import sys

from tree import c_files, faults_in

MARK = re.compile(r"\bPROTOCOL:")
COMMENT = re.compile(r"/\*.*?\*/|(?://[^\n]*\n\s*)+", re.DOTALL)


def plain(text):
    return " ".join(text.replace("`", "").replace("**", "").split())


def comment_text(comment):
    if comment.startswith("/*"):
        return re.sub(r"\n\s*\*+(?!/)", "\n", comment[2:-2])
    return re.sub(r"(?m)^\s*//", "", comment)


def quotations(text):
    """Yields each quotation, or None for a PROTOCOL: without one."""
    for comment in COMMENT.findall(text):
        for part in MARK.split(comment_text(comment))[1:]:
            match = re.match(r'\s*"(.+)"', part, re.DOTALL)
            yield plain(match.group(1)) if match else None


def check_tree(root):
    specification = plain(pathlib.Path(root, "docs/PROTOCOL.md").read_text(encoding="utf-8"))
    found, count = [], 0
    for path, text in c_files(root):
        for quotation in quotations(text):
            count += 1
            if quotation is None:
                found.append(f"{path}: PROTOCOL: without a quotation behind it")
            elif quotation not in specification:
                found.append(f'{path}: not in docs/PROTOCOL.md: "{quotation}"')
    return found, count


def self_test():
    for text, wrong, count in [
        ('/* PROTOCOL: "A head is valid for 26 hours." */', False, 1),
        ('/*\n * PROTOCOL: "A head is\n * valid for 26 hours." Why: see there.\n */', False, 1),
        ('// PROTOCOL: "A head is\n// valid for 26 hours."\n', False, 1),
        ('/* PROTOCOL: "A head is valid for 27 hours." */', True, 1),
        ('/* PROTOCOL: "the id H("am1.x", p)" */', False, 1),
        ('/* PROTOCOL: "the id H("am1.y", p)" */', True, 1),
        ("/* PROTOCOL: a head is valid. */", True, 1),
        ('/* PROTOCOL: "A head" PROTOCOL: "A foot" */', True, 2),
        ('const char *text = "A head is valid for 27 hours.";', False, 0),
    ]:
        tree = {"docs/PROTOCOL.md": 'A **head** is valid\nfor 26 hours.\nthe id `H("am1.x", p)`\n',
                "proto/head.c": text + "\n"}
        found, seen = faults_in(check_tree, tree)
        if bool(found) != wrong or seen != count:
            sys.exit(f"self-test: judged wrongly: {text}")


self_test()
found, count = check_tree(sys.argv[1])
if not count:
    found.append("no quotation was found at all: the code must quote the specification")
print("\n".join(found) or f"{count} quotations, all of them stand in docs/PROTOCOL.md")
sys.exit(1 if found else 0)
