#!/usr/bin/env python3
"""What a file of the product exports is used by another file of the product; else it is `static` or
goes. What only tests use stands in FOR_TESTS, with the reason. Told from the symbols of the object
files: needs a build.

exports.py ROOT BUILD            checks, as the test does
exports.py ROOT BUILD --list     shows what is used by nobody else, judged or not"""
import pathlib
import sys

import functions
import symbols
from tree import c_files

# Folders in which this is judged already; in the others it is only counted.
JUDGED = {"crypto", "store", "proto", "node", "tools"}

# What stays though only tests use it, and why. Each entry is needed: one that is not is a fault.
FOR_TESTS = {
    "column_type_name": "what a test of columns says that failed",
    "tally_look": "what is counted, against what a look at all says",
    "tally_rests": "the same",
    "table_column": "a column by its name",
    "content_take": "a version without a core",
    "chunks_staged": "one row of a stage",
    "dir_create": "an empty directory of a node at once",
    "epochs_urgent_now": "what is due in the turn of an end, which no command makes yet",
    "grant_text_get": "the text of a grant without the grant, fuzzed",
    "grant_text_put": "the text of a grant without the grant, fuzzed",
    "orglog_left_ms": "when a node was put out, against the times of the entries",
    "orglog_wrap_id": "the id of a wrap key, against the text",
    "noise_writes": "whose turn it is, step by step, as the vectors say",
    "pack": "one layer of a chunk, fuzzed",
    "pack_padme": "sizes, against the published ones",
    "report_check_sig": "what is signed for something else is no report",
    "report_get": "what is signed for something else is no report",
    "unpack": "one layer of a chunk, fuzzed",
    "writer_pending": "the bound of pieces on their way",
    "config_parse": "the settings, fuzzed without files",
    "db_fault_at": "the n-th call of the store fails",
    "db_fault_struck": "the n-th call of the store fails",
    "keyfile_decode": "a decoder, fuzzed without files",
    "keyring_create_cost": "at full cost each key file takes a second",
    "noise_set_ephemeral": "the published vectors say which key it is",
    "random_seeded": "a run can be repeated from its seed",
}

# What web gives to the routes for everybody, one of which is still to come.
AWAITED = {"web_body"}

ADVICE = {
    "nobody": "is used by nobody: delete it",
    "its own file": "is used by its own file only: make it static",
    "tests": "is used by no other file but tests: delete it, or give the reason in FOR_TESTS",
}


def idle(units):
    """Yields (file, name) of what no other file of the product uses."""
    users = {}
    for unit in units:
        for name in unit.needs:
            users.setdefault(name, set()).add(unit.source)
    for unit in units:
        for name in sorted(unit.defines - {"main"}):
            if not users.get(name, set()) - {unit.source}:
                yield unit.source, name


def sort_out(units, product, tests):
    """Yields (source, name, who), where who is a key of ADVICE. `product` is the text of each file,
    `tests` are the names that tests mention."""
    for source, name in sorted(idle(units)):
        if name in tests:
            yield source, name, "tests"
        else:
            count = functions.WORD.findall(product.get(source, "")).count(name)
            yield source, name, "its own file" if count > 1 else "nobody"


def faults(found, judged, for_tests):
    for source, name, who in found:
        if (source.split("/")[0] in judged and name not in AWAITED
                and not (who == "tests" and name in for_tests)):
            yield f"{source}: {name} {ADVICE[who]}"
    kept = {name for _, name, who in found if who == "tests"}
    for name in for_tests:
        if name not in kept:
            yield f"{name} in FOR_TESTS of test/style/exports.py is not what only tests use"


def self_test():
    def unit(source, defines, needs):
        made = symbols.Unit(source, source + ".o")
        made.functions, made.needs = set(defines.split()), set(needs.split())
        return made

    units = [unit("proto/a.c", "used own tested idle", ""), unit("node/main.c", "main", "used")]
    text = {"proto/a.c": "void used(); void own(); void tested(); own(); void idle();"}
    found = list(sort_out(units, text, {"tested"}))
    if found != [("proto/a.c", "idle", "nobody"), ("proto/a.c", "own", "its own file"),
                 ("proto/a.c", "tested", "tests")]:
        sys.exit(f"self-test: judged wrongly: {found}")
    for judged, for_tests, count in [({"proto"}, {}, 3), ({"proto"}, {"tested": "why"}, 2),
                                     (set(), {"idle": "why"}, 1), ({"node"}, {}, 0)]:
        if len(list(faults(found, judged, for_tests))) != count:
            sys.exit(f"self-test: {judged} with {for_tests} was judged wrongly")


def main(root, build, *options):
    units = symbols.units(root, build)
    if not units:
        sys.exit(f"{build} holds no object files of the product")
    texts = {path: functions.bare(text) for path, text in c_files(root)}
    tests = set()
    for path, text in texts.items():
        if path.startswith("test/"):
            tests.update(functions.WORD.findall(text))
    found = list(sort_out(units, texts, tests))
    if "--list" in options:
        for who in ADVICE:
            print(f"used by {who}:")
            print("\n".join(f"  {source}: {name}" for source, name, by in found if by == who))
        return 0
    wrong = list(faults(found, JUDGED, FOR_TESTS))
    print("\n".join(wrong + [
        f"{sum(len(unit.defines) for unit in units)} exports; {len(FOR_TESTS)} for tests alone and "
        f"{len(found) - len(FOR_TESTS)} more that no other file uses"]))
    return 1 if wrong else 0


self_test()
sys.exit(main(*sys.argv[1:]))
