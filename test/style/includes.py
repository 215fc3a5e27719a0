#!/usr/bin/env python3
"""Includes point only to the left: crypto <- store <- proto <- node, and <- tools; each third-party
header is included only where the library is meant to be seen. Tests may include anything."""
import fnmatch
import re
import sys

from tree import c_files, faults_in

ARROWS = {
    "crypto": {"crypto"},
    "store": {"crypto", "store"},
    "proto": {"crypto", "store", "proto"},
    "node": {"crypto", "store", "proto", "node"},
    "tools": {"crypto", "store", "proto", "tools"},
}
THIRD_PARTY = {
    "sodium.h": ["crypto/*"],
    "lmdb.h": ["store/db.c"],
    "msgpack.h": ["proto/wire_out.c"],
    "zstd.h": ["proto/pack.c"],
    "uv.h": ["node/*"],
    "microhttpd.h": ["node/http/http.c"],
    "jansson.h": ["node/api/*", "tools/*"],
    "curl/curl.h": ["tools/*"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def line_faults(path, kind, header):
    folder = path.split("/")[0]
    if kind == '"':
        target = header.split("/")[0]
        if "/" not in header:
            yield f'{path}: "{header}" wants its folder in front of it'
        elif target not in ARROWS[folder]:
            yield f'{path}: {folder} must not include "{header}"'
    elif header in THIRD_PARTY:
        if not any(fnmatch.fnmatch(path, place) for place in THIRD_PARTY[header]):
            yield f"{path}: <{header}> belongs to {', '.join(THIRD_PARTY[header])} only"


def faults(root):
    found = []
    for path, text in c_files(root):
        if path.startswith("test/"):
            continue
        for kind, header in INCLUDE.findall(text):
            found += line_faults(path, kind, header)
    return found


def self_test():
    for path, line, wrong in [
        ("store/db.c", "#include <lmdb.h>", False),
        ("store/db.c", '#include "crypto/err.h"', False),
        ("store/dir.c", "#include <lmdb.h>", True),
        ("crypto/id.c", '#include "store/db.h"', True),
        ("proto/core.c", '#  include "node/loop.h"', True),
        ("tools/main.c", '#include "node/loop.h"', True),
        ("node/main.c", '#include "loop.h"', True),
        ("test/node/test_loop.c", '#include "tools/client.h"', False),
    ]:
        if bool(faults_in(faults, {path: line + "\n"})) != wrong:
            sys.exit(f"self-test: {path} with {line} was judged wrongly")


self_test()
found = faults(sys.argv[1])
print("\n".join(found) or "all includes point to the left")
sys.exit(1 if found else 0)
