#!/usr/bin/env python3
"""Includes point only where rooms.py lets them: between the folders crypto <- store <- proto <-
node, and <- tools, and between the rooms of a folder. A header named *_internal.h is included only
from its own room; each third-party header only where the library is meant to be seen. Tests may
include anything."""
import fnmatch
import re
import sys

from rooms import FOLDERS, MOVED, allowed, misplaced, place
from tree import c_files, faults_in

THIRD_PARTY = {
    "sodium.h": ["crypto/*"],
    "openssl/evp.h": ["crypto/aead.c", "crypto/sha256.c"],
    "lmdb.h": ["store/db.c"],
    "msgpack.h": ["proto/wire/wire_out.c"],
    "zstd.h": ["proto/content/pack.c", "node/web/coding.c"],
    "zlib.h": ["node/web/coding.c"],
    "uv.h": ["node/*"],
    "microhttpd.h": ["node/http/mhd.h"],
    "jansson.h": ["proto/dcat/*", "node/base/config_metadata.*", "node/api/*", "node/web/*", "node/portal/*", "tools/*"],
    "curl/curl.h": ["tools/*"],
    "raptor2.h": ["node/portal/rdf.c", "test/*"],
    "unicode/uchar.h": ["tools/kit/names.c"],
    "unicode/unorm2.h": ["tools/kit/names.c"],
    "unicode/ustring.h": ["tools/kit/names.c"],
}
# Where they stood before the rooms; none in a folder that is in MOVED. To go with the last of them.
BEFORE_ROOMS = {
    "msgpack.h": ["proto/wire_out.c"],
    "zstd.h": ["proto/pack.c"],
    "microhttpd.h": ["node/http.c"],
    "jansson.h": ["node/api_*"],
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.MULTILINE)


def places(header):
    """The patterns of the files that may include a third-party header, or None: it is nobody's."""
    before = [old for old in BEFORE_ROOMS.get(header, []) if place(old)[0] not in MOVED]
    return THIRD_PARTY[header] + before if header in THIRD_PARTY else None


def line_faults(path, kind, header):
    if kind == '"':
        if "/" not in header:
            yield f'{path}: "{header}" wants its folder in front of it'
        elif place(header)[0] not in FOLDERS or not allowed(path, header):
            yield f'{path}: {"/".join(filter(None, place(path)))} must not include "{header}"'
        elif header.endswith("_internal.h") and place(header) != place(path):
            yield f'{path}: "{header}" is private to {"/".join(filter(None, place(header)))}'
    elif places(header) and not any(fnmatch.fnmatch(path, pattern) for pattern in places(header)):
        yield f"{path}: <{header}> belongs to {', '.join(places(header))} only"


def faults(root):
    found = []
    for path, text in c_files(root):
        if path.startswith("test/"):
            continue
        found += filter(None, [misplaced(path)])
        for kind, header in INCLUDE.findall(text):
            found += line_faults(path, kind, header)
    return found


def self_test():
    for path, line, wrong in [
        ("store/db.c", "#include <lmdb.h>", False),
        ("store/db.c", '#include "crypto/err.h"', False),
        ("store/dir.c", "#include <lmdb.h>", True),
        ("proto/content/pack.c", "#include <zstd.h>", False),
        ("proto/content/cut.c", "#include <zstd.h>", True),
        ("crypto/id.c", '#include "store/db.h"', True),
        ("proto/core.c", '#  include "node/loop.h"', True),
        ("tools/main.c", '#include "node/loop.h"', True),
        ("node/main.c", '#include "loop.h"', True),
        ("proto/sync/logs.c", '#include "proto/hub/hub.h"', False),
        ("proto/sync/logs.c", '#include "proto/rights/rights.h"', True),
        ("proto/sync/logs.c", '#include "proto/sync/sync_internal.h"', False),
        ("proto/core/core.c", '#include "proto/sync/sync_internal.h"', True),
        ("node/api/call.c", '#include "store/db_internal.h"', True),
        ("node/api/call.c", '#include "node/care/metrics.h"', False),
        ("node/care/metrics.c", '#include "node/api/api.h"', True),
        ("node/daemon.c", '#include "node/api/api.h"', False),
        ("proto/cellar/cask.c", '#include "crypto/err.h"', True),
        ("test/node/test_loop.c", '#include "tools/client.h"', False),
    ]:
        if bool(faults_in(faults, {path: line + "\n"})) != wrong:
            sys.exit(f"self-test: {path} with {line} was judged wrongly")


self_test()
found = faults(sys.argv[1])
print("\n".join(found) or "all includes point to where they may")
sys.exit(1 if found else 0)
