"""The arrows of the house: which folder may use which, and inside a folder which room which. An
arrow that is not here is a fault: for includes in includes.py, for calls in circles.py."""

FOLDERS = {
    "crypto": {"crypto"},
    "store": {"crypto", "store"},
    "proto": {"crypto", "store", "proto"},
    "node": {"crypto", "store", "proto", "node"},
    "tools": {"crypto", "store", "proto", "tools"},
}

BELOW_HUB = {"wire", "charter", "link", "content", "ledger"}
BELOW_RIGHTS = BELOW_HUB | {"hub", "audit"}
BELOW_TRANSFER = BELOW_RIGHTS | {"rights", "sync"}

# Lowest first: what a room may use besides itself.
ROOMS = {
    "proto": {
        "wire": set(),
        "table": set(),
        "charter": {"wire"},
        "link": {"wire", "charter"},
        "content": {"wire"},
        "dcat": {"wire", "content"},
        "ledger": {"wire", "charter", "content"},
        "hub": {"wire", "charter", "link", "content", "ledger"},
        "audit": BELOW_HUB | {"hub"},
        "rights": BELOW_RIGHTS,
        "sync": BELOW_RIGHTS,
        "transfer": BELOW_TRANSFER,
        "membership": BELOW_TRANSFER,
        "catalog": BELOW_TRANSFER | {"transfer"},
        "core": BELOW_TRANSFER | {"transfer", "membership", "catalog"},
    },
    "node": {
        "base": set(),
        "net": {"base"},
        "http": {"base"},
        "html": {"base", "http"},
        "files": {"base"},
        "features": {"base"},
        "care": {"base", "net", "http", "files"},
        "index": {"base", "net", "http", "files", "care"},
        "derive": {"base", "net", "http", "files", "care", "index"},
        "web": {"base", "net", "http", "html", "files", "care", "index", "derive"},
        "ogc": {"base", "http", "html", "files", "features", "care", "index", "web"},
        "page": {"base", "net", "http", "html", "files", "features", "care", "index", "derive", "web", "ogc"},
        "portal": {"base", "net", "http", "html", "files", "care", "index", "derive", "web", "ogc", "page"},
        "api": {"base", "net", "http", "html", "files", "care", "index", "derive", "web", "page", "ogc", "portal"},
    },
    "tools": {
        "kit": set(),
        "cmd": {"kit"},
    },
}

# Above all rooms of their folder, which they may all use.
TOP = {"node/main.c", "node/daemon.c", "node/daemon.h", "node/detach.c", "node/detach.h", "node/unlock.c",
       "node/unlock.h", "tools/main.c"}

# Folders whose files have all moved into their rooms: only TOP may stand outside one. In the others
# a file outside a room may use, and be used by, the whole folder.
MOVED = {"proto", "node", "tools"}


def place(path):
    """The folder and the room of a file; the room is "" when it stands in none."""
    parts = path.split("/")
    return parts[0], parts[1] if len(parts) > 2 else ""


def allowed(source, target, moved=MOVED):
    """Whether one file may use another; both are paths from the root."""
    folder, room = place(source)
    other, target_room = place(target)
    if folder != other:
        return other in FOLDERS[folder]
    if room == target_room or room == "":
        return True
    if target_room == "":
        return folder not in moved
    return target_room in ROOMS[folder].get(room, ())


def misplaced(path, moved=MOVED):
    """Why a file must not stand where it does, or None."""
    folder, room = place(path)
    if room and room not in ROOMS.get(folder, ()):
        return f"{path}: test/style/rooms.py knows no room {folder}/{room}"
    if not room and folder in moved and path not in TOP:
        return f"{path} stands in no room of {folder}/"
    return None


def self_test():
    for source, target, right in [
        ("proto/ledger/rows.c", "proto/ledger/author.c", True),
        ("proto/ledger/rows.c", "proto/content/version.h", True),
        ("proto/ledger/rows.c", "proto/hub/hub.h", False),
        ("proto/rights/rights.c", "proto/sync/sync.h", False),
        ("proto/core/core.c", "proto/wire/words.h", True),
        ("proto/wire/words.c", "store/db.h", True),
        ("node/net/net.c", "node/http/http.h", False),
        ("node/api/call.c", "node/daemon.h", False),
        ("proto/sync/logs.c", "proto/fork.c", True),
        ("node/daemon.c", "node/api/call.h", True),
        ("node/net/net.c", "proto/hub/hub.h", True),
        ("store/db.c", "proto/wire/words.h", False),
        ("tools/cmd/ls.c", "node/base/turn.h", False),
    ]:
        if allowed(source, target, {"node"}) != right:
            raise SystemExit(f"self-test: {source} using {target} was judged wrongly")
    for path, wrong in [("node/daemon.c", False), ("node/turn.c", True), ("proto/core.c", False),
                        ("node/base/turn.c", False), ("node/cellar/cask.c", True)]:
        if bool(misplaced(path, {"node"})) != wrong:
            raise SystemExit(f"self-test: the place of {path} was judged wrongly")
    for folder, rooms in ROOMS.items():
        below = set()
        for room, uses in rooms.items():
            if not uses <= below:
                raise SystemExit(f"self-test: {folder}/{room} uses rooms that are not below it")
            below.add(room)


self_test()
