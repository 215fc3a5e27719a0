#!/usr/bin/env python3
"""What the texts for people say of this tree is so: every path in them is there (in the code of the
product too, where it stands in comments), and so are the names and the tests that docs/HACKING.md and docs/ARCHITECTURE.md send the reader to. The tables of
docs/PROTOCOL.md hold the kinds of records, messages and labels that the code has, with their numbers,
and for each limit a test that shows it, and docs/API.md every page that a node answers, and no other.

docs.py ROOT BUILD       BUILD knows the names of the tests"""
import json
import pathlib
import re
import sys

from functions import WORD
from tree import FOLDERS, c_files, faults_in

TEXTS = ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", "docs/*.md", "test/fuzz/README.md"]
PATH = re.compile(rf"(?<![\w./~-])(?:{'|'.join(FOLDERS)}|docs)/[\w./*-]*[\w/*]")
# What stands for any name in a path.
ANY = re.compile(r"(?<![A-Z])(?:NAME|ROOM|TOPIC)(?![A-Z])")

# Their names of code are looked for: with the first in the files that the same paragraph or item
# names, if it names any; else anywhere.
GUIDES = {"docs/HACKING.md": True, "docs/ARCHITECTURE.md": False, "docs/TESTING.md": False}
NAME = re.compile(r"`(?:struct |enum )?([A-Za-z]\w*)(\(\)|\[\])?`")
TEST = re.compile(r"`((?:crypto|store|proto|node|tools|sim|fuzz)-[a-z][\w-]*)`")
RUN = re.compile(r"meson test -C build((?: [a-z][\w-]*)+)")

LISTED = re.compile(r"^\s*X\((\w+), (\d+)", re.MULTILINE)
LABEL = re.compile(r'"(am1\.[a-z.]+)"')
# What no other node reads: rows of the store, key files, backups, what was seen.
LOCAL_LABELS = {"am1." + name for name in (
    "backup", "contents", "files", "folder", "handed", "hiddenname", "invsecret", "keyfile",
    "own.version", "owner", "row", "sealed", "seen", "seenkey", "selftest")}
ROUTE = re.compile(r'{HTTP_(\w+), "([^"]+)"')
PAGE = re.compile(r"`(GET|POST|PUT|DELETE) (/[\w/.-]*)")
# Of node/care/metrics.c, which is asked before the routes are.
OTHER_PAGES = {("GET", "/metrics"), ("GET", "/healthz")}


def read(root, path):
    return pathlib.Path(root, path).read_text(encoding="utf-8")


def texts(root):
    for pattern in TEXTS:
        for path in sorted(pathlib.Path(root).glob(pattern)):
            yield path.relative_to(root).as_posix(), path.read_text(encoding="utf-8")
    yield from ((path, text) for path, text in c_files(root) if not path.startswith("test/"))


def found_paths(root, name):
    """The paths a text means; one without an ending may be a module."""
    name = ANY.sub("*", name)
    root = pathlib.Path(root)
    return [found for ending in ("", ".c", ".h") for found in root.glob(name.rstrip("/") + ending)]


def path_faults(root):
    for text_path, text in texts(root):
        for name in sorted(set(PATH.findall(text))):
            if not found_paths(root, name):
                yield f"{text_path}: there is no {name}"


def items(text):
    """Paragraphs and the items of lists."""
    return re.split(r"\n\s*\n|\n(?=\s*(?:[-*]|\d+\.) )", text)


def words_of(root, paths):
    words = set()
    for path in paths:
        files = path.rglob("*") if path.is_dir() else [path]
        for file in files:
            if file.suffix in (".c", ".h", ".py", ".sh", ".md", ".build") and file.is_file():
                words.update(WORD.findall(file.read_text(encoding="utf-8")))
    return words


def name_faults(root):
    all_words = set()
    for _, text in c_files(root):
        all_words.update(WORD.findall(text))
    for path, strict in GUIDES.items():
        if not pathlib.Path(root, path).exists():
            continue
        for item in items(read(root, path)):
            names = {name for name, mark in NAME.findall(item) if mark or "_" in name}
            named = [found for part in PATH.findall(item) for found in found_paths(root, part)]
            known = words_of(root, named) if named and strict else all_words
            for name in sorted(names - known):
                where = "the files named beside it" if known is not all_words else "the code"
                yield f"{path}: {name} is not in {where}"


def test_faults(root, tests):
    for path in GUIDES:
        if not pathlib.Path(root, path).exists():
            continue
        text = read(root, path)
        names = set(TEST.findall(text)) | {name for run in RUN.findall(text) for name in run.split()}
        for name in sorted(names - tests):
            yield f"{path}: there is no test {name}"


def listed(root, path, macro):
    """{number: NAME} of an X-list."""
    text = read(root, path)
    body = text[text.index(f"#define {macro}(X)"):]
    body = re.match(r"(?:.*\\\n)*.*\n", body).group(0)
    return {int(number): name for name, number in LISTED.findall(body)}


def table(root, heading):
    """{number: second cell} of a table of docs/PROTOCOL.md; without what is reserved."""
    text = read(root, "docs/PROTOCOL.md")
    rows = re.match(r"(?:\|.*\n)*", text[text.index(heading):]).group(0).splitlines()[2:]
    cells = [[cell.strip() for cell in row.strip("|").split("|")] for row in rows]
    return {int(row[0]): row[1] for row in cells if row[2] != "reserved"}


def list_faults(root):
    for what, code, text, same in [
        ("message", listed(root, "proto/hub/message.h", "MESSAGE_LIST"),
         table(root, "| type | message |"), lambda name, word: name == word),
        ("kind of record", listed(root, "proto/ledger/record.h", "RECORD_KIND_LIST"),
         table(root, "| kind | name |"),
         lambda name, word: word.upper().replace(" ", "_").startswith(name)),
    ]:
        for number in sorted(set(code) | set(text)):
            name, word = code.get(number), text.get(number)
            if not name or not word or not same(name, word):
                yield f"{what} {number} is {name} in the code, {word} in docs/PROTOCOL.md"


def label_faults(root):
    """Every label that goes over a wire stands in the table of labels, and no other does."""
    text = set(re.findall(r"am1\.[a-z.]*[a-z]", read(root, "docs/PROTOCOL.md")))
    code = {label for path, source in c_files(root) if not path.startswith("test/")
            for label in LABEL.findall(source)}
    for label in sorted(code - text - LOCAL_LABELS):
        yield f"docs/PROTOCOL.md does not tell of the label {label}"
    for label in sorted(text - code):
        yield f"docs/PROTOCOL.md tells of the label {label}, which nothing has"


def limit_faults(root, tests):
    """Each limit of docs/PROTOCOL.md names a test that there is."""
    text = read(root, "docs/PROTOCOL.md")
    rows = re.match(r"(?:\|.*\n)*", text[text.index("| what | limit |"):]).group(0).splitlines()[2:]
    for row in rows:
        what, _, shown = (cell.strip() for cell in row.strip("|").split("|"))
        named = re.findall(r"`([\w-]+)`", shown)
        if not named or set(named) - tests:
            yield f"docs/PROTOCOL.md: the limit of {what} is shown by no test that there is: {shown}"


def page_faults(root):
    shown = set(PAGE.findall(read(root, "docs/API.md")))
    # ID and NAME stand for any part, a query is not part of the path.
    shown = {(method, re.sub(r"/[A-Z]+(?=/|$)", "/*", path)) for method, path in shown}
    pages = set(OTHER_PAGES)
    for path, text in c_files(root):
        if path.startswith(("node/api/", "node/ogc/", "node/page/", "node/portal/")):
            pages |= {(method, page.replace("**", "*")) for method, page in ROUTE.findall(text)}
    for method, page in sorted(pages - shown):
        yield f"docs/API.md does not tell of {method} {page}"
    for method, page in sorted(shown - pages):
        yield f"docs/API.md tells of {method} {page}, which nobody answers"


def self_test():
    record = "#define RECORD_KIND_LIST(X) \\\n\tX(KEY, 2) \\\n\tX(VOTE, 4)\n\nX(NO, 5)\n"
    message = "#define MESSAGE_LIST(X) \\\n\tX(HELLO, 1, 6)\n"
    kinds = "| kind | name | slot |\n|---|---|---|\n| 2 | key record | x |\n| 3 | wrap | reserved |\n"
    vote = "| 4 | vote | x |\n"
    messages = "\n| type | message | elements |\n|---|---|---|\n| 1 | HELLO | |\n"
    limits = "\n| what | limit | shown by |\n|---|---|---|\n| frame | 1 | `node-ls` |\n"
    messages += limits
    tree = {
        "proto/ledger/record.h": record, "proto/hub/message.h": message,
        "docs/PROTOCOL.md": kinds + vote + messages, "docs/API.md": "`GET /ls`, `DELETE /ls/ID`",
        "node/api/ls.c": '{HTTP_GET, "/ls", 0}, {HTTP_DELETE, "/ls/*", 0}, ls_routes',
    }
    pages = "`GET /metrics` `GET /healthz`"
    tree["docs/API.md"] += pages

    def checker(root):
        return [*path_faults(root), *name_faults(root), *test_faults(root, {"node-ls"}),
                *list_faults(root), *label_faults(root), *limit_faults(root, {"node-ls"}),
                *page_faults(root)]

    for path, text, wrong in [
        ("README.md", "See `docs/API.md`, proto/hub/, `node/api/NAME.c` and node/api/ls.", 0),
        ("README.md", "See `docs/NONE.md`, proto/hull/, and build/node/gone.c.", 2),
        ("store/db.c", "/* See node/api/ls, crypto/gone.h */", 1),
        ("docs/HACKING.md", "`ls_routes` in `node/api/ls.c`; see `ls`", 0),
        ("docs/HACKING.md", "`ls_routes` in `proto/hub/message.h`", 1),
        ("docs/HACKING.md", "`gone()`; `RECORD_KIND_LIST`", 1),
        ("docs/HACKING.md", "`node/api/ls.c`: `ls_routes`\n- `proto/hub/message.h`: `HELLO[]`", 0),
        ("docs/HACKING.md", "run `node-ls`, or\n    meson test -C build node-ls", 0),
        ("docs/HACKING.md", "run `node-gone`, or\n    meson test -C build node-ls gone", 2),
        ("docs/ARCHITECTURE.md", "`ls_routes()` of `proto/hub/`; `gone()`", 1),
        ("docs/PROTOCOL.md", kinds + messages, 1),
        ("docs/PROTOCOL.md", kinds + vote + "| 5 | more | x |\n" + messages, 1),
        ("docs/PROTOCOL.md", kinds + vote + messages.replace("HELLO", "HOLA"), 1),
        ("docs/PROTOCOL.md", kinds + vote + messages + "| x | 1 | |\n| y | 2 | `node-no` |\n", 2),
        ("docs/PROTOCOL.md", kinds + vote + messages + "`am1.gone`", 1),
        ("store/db.c", 'H("am1.new"); H("am1.row")', 1),
        ("docs/API.md", "`GET /ls?all=1` " + pages, 1),
        ("docs/API.md", "`GET /ls` `DELETE /ls/ID` `POST /ls`" + pages, 1),
    ]:
        found = faults_in(checker, tree | {path: text})
        if len(found) != wrong:
            sys.exit(f"self-test: {path} with {text} was judged wrongly: {found}")


def main(root, build):
    info = pathlib.Path(build, "meson-info", "intro-tests.json").read_text(encoding="utf-8")
    tests = {test["name"] for test in json.loads(info)}
    found = [*path_faults(root), *name_faults(root), *test_faults(root, tests),
             *list_faults(root), *label_faults(root), *limit_faults(root, tests),
             *page_faults(root)]
    count = sum(len(set(PATH.findall(text))) for _, text in texts(root))
    print("\n".join(found) or f"{count} paths, all of them there; tables and names are those of "
          "the code")
    return 1 if found else 0


self_test()
sys.exit(main(*sys.argv[1:]))
