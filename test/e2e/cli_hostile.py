#!/usr/bin/env python3
"""The command line against a daemon that lies, breaks off and sends what steers terminals.

    cli_hostile.py BUILD-DIRECTORY

A made-up daemon listens on control.sock of a real directory. Names, messages and lengths in its answers
are chosen by others in real life (members publish them), so none may reach the terminal or the disk unchecked.
"""
import http.server
import json
import os
import pathlib
import pty
import select
import signal
import socketserver
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.parse

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
ALLMENDE = BUILD / "allmende"
PATIENCE = 30 * int(os.environ.get("ALLMENDE_PATIENCE", "1"))
EVIL = "\x1b]0;owned\x07\x1b[2J\u202ereversed\u009b31m\nsecond line"
ENTRY = {"dataset": "riesa/a", "version": 3, "tier": "open", "title": EVIL, "organisation": "riesa",
         "published_ms": 1795000000000, "files": 1, "bytes": 5, "sealed_bytes": 9, "readable": True,
         "held": True, "damaged": False, "own": False, "current": True}


class Server(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True

    def handle_error(self, request, client_address):
        """The command line may hang up; what matters is what it says."""


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers from the table `answers`: (method, path) to (status, body) or a function."""
    protocol_version = "HTTP/1.1"
    answers = {}
    seen = []

    def address_string(self):
        return "unix"

    def log_message(self, *args):
        pass

    def reply(self, status, body, length=None):
        if not isinstance(body, bytes):
            body = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()
        if length is not None:
            self.close_connection = True

    def chunks(self):
        """The body of a request that does not say how long it is."""
        body = b""
        while size := int(self.rfile.readline(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def answer(self):
        url = urllib.parse.urlsplit(self.path)
        self.query = dict(urllib.parse.parse_qsl(url.query))
        self.seen.append((self.command, self.path, self.connection.fileno()))
        found = self.answers.get((self.command, url.path))
        if callable(found):
            found(self)
            return
        self.body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.reply(*(found or (404, {"error": "absent", "message": "no such thing"})))

    do_GET = do_POST = do_PUT = do_DELETE = answer


def texts_in(value):
    if isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from texts_in(item)
    elif isinstance(value, str):
        yield value


class Hostile(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.temporary = tempfile.TemporaryDirectory()
        top = pathlib.Path(cls.temporary.name)
        # a path longer than a socket address holds
        cls.dir = top / ("d" * 120) / "node"
        subprocess.run([ALLMENDE, "-d", cls.dir, "init", "--name", "Stadt Meißen", "--slug", "meissen",
                        "--ags", "14627140", "--no-passphrase"], check=True, stdout=subprocess.DEVNULL)
        here = os.open(cls.dir, os.O_RDONLY)
        cls.server = Server(f"/proc/self/fd/{here}/control.sock", Handler)
        os.close(here)
        threading.Thread(target=cls.server.serve_forever, daemon=True).start()

    @classmethod
    def tearDownClass(cls):
        cls.server.shutdown()
        cls.server.server_close()
        cls.temporary.cleanup()

    def setUp(self):
        Handler.answers = {}
        Handler.seen = []
        self.work = pathlib.Path(self.temporary.name, "work-" + self.id().rsplit(".", 1)[1])
        (self.work / "out").mkdir(parents=True)

    def run_tool(self, *args):
        done = subprocess.run([ALLMENDE, "-d", self.dir, *args], cwd=self.work, capture_output=True,
                              stdin=subprocess.DEVNULL, timeout=PATIENCE)
        self.assert_tame(done.stdout + done.stderr)
        return done

    def run_on_terminal(self, *args):
        """Output of the command with a terminal for all three streams."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.work)
            os.execv(ALLMENDE, [str(ALLMENDE), "-d", str(self.dir), *args])
        out = b""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end and select.select([fd], [], [], PATIENCE)[0]:
            try:
                piece = os.read(fd, 65536)
            except OSError:
                break
            if not piece:
                break
            out += piece
        os.close(fd)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        # The progress line clears itself; nothing else may move the cursor.
        return status, out.replace(b"\r\x1b[K", b"").replace(b"\r\n", b"\n").decode()

    def assert_tame(self, output):
        text = output.decode() if isinstance(output, bytes) else output
        for c in text:
            self.assertTrue(c in "\n\t" or (ord(c) >= 0x20 and not 0x7f <= ord(c) <= 0x9f
                                            and not 0x202a <= ord(c) <= 0x202e), repr(text))

    def fails(self, code, phrase, *args):
        done = self.run_tool(*args)
        text = done.stderr.decode()
        self.assertEqual(done.returncode, code, text)
        self.assertIn(phrase, text)
        self.assertEqual(text.count("\n"), 1, text)
        self.assertEqual(done.stdout, b"")
        return text

    # -- what is shown ---------------------------------------------------------------------

    def test_codes(self):
        for error, status, code in [("usage", 400, 2), ("denied", 403, 3), ("absent", 404, 4),
                                    ("not_here", 409, 5), ("conflict", 409, 1), ("exists", 409, 1),
                                    ("too_large", 413, 1), ("io", 500, 1)]:
            Handler.answers = {("GET", "/dataset"): (status, {"error": error, "message": "because " + error})}
            self.fails(code, "because " + error, "show", "riesa/a")

    def test_busy_is_waited_for(self):
        for error, status in [("busy", 503), ("starting", 409)]:
            left = [2]

            def answer(handler):
                left[0] -= 1
                if left[0] >= 0:
                    handler.reply(status, {"error": error, "message": "because " + error})
                else:
                    handler.reply(200, {"subscriptions": []})
            Handler.answers = {("GET", "/subscriptions"): answer}
            done = self.run_tool("subscriptions")
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stderr.decode().count("waiting: because " + error), 1, done.stderr)
            self.assertEqual(left[0], -1)

    def test_evil_message(self):
        Handler.answers = {("GET", "/dataset"): (404, {"error": "absent", "message": EVIL})}
        self.fails(4, "\\x1b[2J", "show", "riesa/a")

    def test_evil_texts(self):
        member = {"number": 2, "name": EVIL, "slug": EVIL, "ags": EVIL, "completeness": EVIL, "state": "member"}
        peer = {"address": EVIL, "slug": EVIL, "software": EVIL, "why": EVIL, "linked": False}
        Handler.answers = {
            ("GET", "/datasets"): (200, {"datasets": [ENTRY]}),
            ("GET", "/dataset"): (200, dict(ENTRY, description=EVIL, keywords=[EVIL], publisher={"name": EVIL, "url": EVIL},
                                            readers=EVIL, held_by=[EVIL], themes=[EVIL, 5], license=EVIL, frequency=EVIL,
                                            contact={"name": EVIL, "email": EVIL, "phone": EVIL, "url": EVIL},
                                            place={"key": EVIL, "name": EVIL, "bbox": [EVIL, 1, 2, 3]},
                                            time={"from": EVIL, "to": EVIL}, identifier=EVIL, attribution=EVIL,
                                            hvd_categories=[EVIL], legislation=[EVIL], provenance=EVIL)),
            ("GET", "/log"): (200, {"dataset": "riesa/a", "versions": [ENTRY]}),
            ("GET", "/federation/members"): (200, {"members": [member]}),
            ("GET", "/federation"): (200, {"state": "joining", "name": EVIL, "why": EVIL}),
            ("GET", "/peers"): (200, {"peers": [peer]}),
            ("GET", "/subscriptions"): (200, {"subscriptions": [{"pattern": EVIL, "name": EVIL}]}),
            ("GET", "/status"): (200, {"node": {"name": EVIL, "software": EVIL},
                                       "federation": {"name": EVIL, "state": "joining", "why": EVIL},
                                       "fetches": [{"dataset": EVIL}],
                                       "actions": [{"text": EVIL, "command": EVIL}]}),
            ("POST", "/verify"): (200, {"clean": False, "faults": [{"dataset": EVIL, "text": EVIL}]}),
        }
        for args in [["ls"], ["show", "riesa/a"], ["log", "riesa/a"], ["federation"], ["federation", "members"],
                     ["peers"], ["subscriptions"], ["status"], ["verify"]]:
            plain = self.run_tool(*args)
            self.assertIn("\\x1b[2J", plain.stdout.decode(), args)
            _, text = self.run_on_terminal(*args)
            self.assertIn("\\x1b[2J", text, args)
            self.assert_tame(text)
            _, text = self.run_on_terminal("--json", *args)
            self.assert_tame(text)
            self.assertIn(EVIL, list(texts_in(json.loads(text[text.index("{"):]))), args)
            if args != ["verify"]:
                self.assertEqual(plain.returncode, 0, args)

    def test_evil_status(self):
        """status begins with actions and members, --check is one line, doctor asks three things."""
        def action(severity):
            return {"severity": severity, "topic": EVIL, "text": EVIL + "|x=1", "command": EVIL}
        members = {"all": 3, "complete": 0, "troubled": [
            {"name": EVIL, "completeness": state} for state in ["stale", "partial", "disputed", "unknown", EVIL]]}
        status = {"node": {"name": EVIL, "software": EVIL, "listen": EVIL}, "members": members,
                  "actions": [action(s) for s in ["critical", "warning", "info", EVIL]], "actions_left_out": 7}
        peers = {"peers": [{"address": EVIL, "slug": EVIL, "linked": True, "dialled": False},
                           {"address": EVIL, "linked": False, "dialled": True}]}
        facts = {"listen": EVIL, "advertised": [EVIL] * 100, "dial_only": False, "libraries": {"lmdb": EVIL}}
        Handler.answers = {("GET", "/status"): (200, status), ("GET", "/peers"): (200, peers),
                           ("GET", "/doctor"): (200, facts)}
        for args in [["status"], ["doctor"]]:
            self.assertIn("\\x1b[2J", self.run_tool(*args).stdout.decode(), args)
            self.assert_tame(self.run_on_terminal(*args)[1])
        done = self.run_tool("status", "--check")
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stdout.decode(), r"\ACRITICAL - [^|\n]* \| [^|\n]*\n\Z")
        facts["dial_only"] = True
        peers["peers"].pop(0)
        self.assertIn("outgoing TCP", self.run_tool("doctor").stdout.decode())

    def test_evil_space(self):
        Handler.answers = {("GET", "/datasets"): (200, {"datasets": [dict(ENTRY, organisation=EVIL)] * 3}),
                           ("GET", "/copies"): (200, {"pattern": EVIL, "versions": 1, "bytes": 2, "kept": 3}),
                           ("DELETE", "/copies"): (200, {"pattern": EVIL, "versions": 0})}
        for args in [["space"], ["drop", "**", "--yes"]]:
            self.assertIn("\\x1b[2J", self.run_tool(*args).stdout.decode(), args)
            self.assert_tame(self.run_on_terminal(*args)[1])
        self.assertEqual(self.run_tool("drop", "**").returncode, 1)
        self.assertNotIn("DELETE", [method for method, _, _ in Handler.seen[-1:]])

    def test_check_without_sense(self):
        for answer in [(200, b"<html>"), (200, []), (200, {}), (200, {"actions": 7}), (500, b"oops"),
                       (503, {"error": "busy", "message": EVIL})]:
            Handler.answers = {("GET", "/status"): answer}
            done = self.run_tool("status", "--check")
            self.assertEqual(done.returncode, 3, answer)
            self.assertRegex(done.stdout.decode(), r"\AUNKNOWN - [^\n]*\n\Z")

    def test_not_json(self):
        for body in [b"<html>", b"[1,", b"\xff\xfe", b'{"a":1,"a":2}']:
            Handler.answers = {("GET", "/status"): (200, body)}
            self.fails(1, "control interface", "status")
        Handler.answers = {("GET", "/status"): (500, b"oops")}
        self.fails(1, "answered 500", "status")

    def test_foreign_types(self):
        """Answers of other shapes than expected are no crash."""
        odd = {"node": [], "federation": 3, "members": "x", "datasets": 1.5, "actions": {"a": 1}, "fetches": None}
        for body in [odd, [], "x", 7, None, {}]:
            for path in ["/status", "/doctor", "/datasets", "/peers", "/federation/members", "/log", "/subscriptions"]:
                Handler.answers[("GET", path)] = (200, body)
            for args in [["status"], ["ls"], ["peers"], ["federation", "members"], ["log", "a"], ["subscriptions"], ["doctor"]]:
                self.assertGreaterEqual(self.run_tool(*args).returncode, 0)

    def test_breaks_off(self):
        def hang_up(handler):
            handler.connection.shutdown(2)
            handler.close_connection = True
        Handler.answers = {("GET", "/status"): hang_up}
        self.fails(1, "broke off", "status")

    # -- get -------------------------------------------------------------------------------

    def offer(self, files, body=b"hello"):
        Handler.answers = {
            ("POST", "/fetch"): (200, {"dataset": "riesa/a", "version": 3, "state": "held"}),
            ("GET", "/manifest"): (200, {"dataset": "riesa/a", "version": 3, "file_count": len(files),
                                         "bytes": len(files) * len(body), "stored_bytes": 1000, "next": None, "files": [
                {"name": name, "bytes": len(body), "modified_ms": 1000} for name in files]}),
            ("GET", "/file"): (200, body),
        }

    def names(self):
        return sorted(p.relative_to(self.work).as_posix() for p in self.work.rglob("*") if not p.is_dir())

    def test_get(self):
        self.offer(["a.csv"])
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "x.csv").returncode, 0)
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "out").returncode, 0)
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "new/").returncode, 0)
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "-").stdout, b"hello")
        self.assertEqual(self.names(), ["new/a.csv", "out/a.csv", "x.csv"])
        self.assertTrue(all("version=3" in path for m, path, _ in Handler.seen if m == "GET"), Handler.seen)
        self.offer(["a", "b/ä ö.csv"])
        self.assertEqual(self.run_tool("get", "riesa/a@3", "-o", "all").returncode, 0)
        self.assertEqual((self.work / "all/b/ä ö.csv").read_bytes(), b"hello")
        self.fails(2, "has 2 files", "get", "riesa/a", "-o", "-")

    def test_get_evil_names(self):
        for name in ["../escaped", "/tmp/allmende-escaped", "a/../../escaped", "", ".", "..", "a//b", "a/", "x\ny",
                     "a\x1bb", "n" * 300, "a\u009b31m",
                     "\u202evsc.exe", "a\u200bb", "a\u2066b", "\U000e0041", 7]:
            self.offer(["good", name] if isinstance(name, str) else ["good"])
            if not isinstance(name, str):
                Handler.answers[("GET", "/manifest")] = (200, {"file_count": 2, "files": [{"name": 7, "bytes": 5},
                                                                                          {"name": "good"}]})
            done = self.run_tool("get", "riesa/a", "-o", "out")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertIn("cannot be saved safely", done.stderr.decode())
        self.assertEqual(self.names(), [])
        self.assertFalse(pathlib.Path("/tmp/allmende-escaped").exists())

    def test_get_hidden_names(self):
        (self.work / "home").mkdir()
        (self.work / "home/mine").write_text("mine")
        for name in [".bashrc", ".ssh/authorized_keys", "a/.htaccess"]:
            self.offer(["good", name])
            self.fails(1, "hidden file", "get", "riesa/a", "-o", "home")
        self.assertEqual(self.names(), ["home/mine"])
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "new").returncode, 0)
        self.assertEqual(self.names(), ["home/mine", "new/a/.htaccess", "new/good"])

    def test_get_links(self):
        outside = self.work / "outside"
        outside.mkdir()
        (outside / "victim").write_text("untouched")
        (self.work / "out/way").symlink_to(outside)
        (self.work / "out/link").symlink_to(outside / "victim")
        self.offer(["way/new", "zzz"])
        self.fails(1, "symbolic link", "get", "riesa/a", "-o", "out")
        self.offer(["link", "zzz"])
        self.fails(1, "out/link is there already", "get", "riesa/a", "-o", "out")
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "out", "--force").returncode, 0)
        self.assertEqual((outside / "victim").read_text(), "untouched")
        self.assertEqual(self.names(), ["out/link", "out/zzz", "outside/victim"])

    def test_get_replaces_nothing(self):
        (self.work / "out/b").mkdir()
        (self.work / "out/b/c").write_text("mine")
        (self.work / "x.csv").write_text("mine")
        self.offer(["a", "b/c"])
        self.fails(1, "out/b/c is there already", "get", "riesa/a", "-o", "out")
        self.assertEqual(self.names(), ["out/b/c", "x.csv"])
        self.offer(["a.csv"])
        self.fails(1, "x.csv is there already", "get", "riesa/a", "-o", "x.csv")
        self.assertEqual((self.work / "out/b/c").read_text() + (self.work / "x.csv").read_text(), "minemine")
        self.assertEqual(self.run_tool("get", "riesa/a", "-o", "x.csv", "--force").returncode, 0)
        self.offer(["b"])
        self.fails(1, "is a folder here", "get", "riesa/a", "-o", "out/", "--force")
        self.assertEqual((self.work / "x.csv").read_text(), "hello")
        self.assertEqual(sorted(p.name for p in self.work.rglob(".*")), [])

    def test_get_more_than_is_stored(self):
        self.offer(["a", "b"])
        Handler.answers[("GET", "/manifest")][1].update({"bytes": 4200000000, "stored_bytes": 732})
        self.fails(1, "would be 4.2 GB of files, made of 732", "get", "riesa/a", "-o", "out")
        Handler.answers[("GET", "/manifest")][1].update({"bytes": 1 << 60, "stored_bytes": 1 << 60})
        self.fails(1, "make room", "get", "riesa/a", "-o", "out")
        self.assertEqual(self.names(), [])

    def test_get_on_a_terminal(self):
        for body in [b"a\x1b[31mb", b"a\x07", "a\u009b31m".encode(), b"\xff\xfe", "a\u202eb".encode(), b"\x00"]:
            self.offer(["a"], body)
            code, shown = self.run_on_terminal("get", "riesa/a", "-o", "-")
            self.assertEqual(code, 1, body)
            self.assert_tame(shown)
            self.assertIn("say --force", shown)
        text = "\ufeffOrt;Plätze\r\nMeißen;\t7\n".encode() * 3000
        self.offer(["a"], text)
        code, shown = self.run_on_terminal("get", "riesa/a", "-o", "-")
        self.assertEqual(code, 1)  # a byte order mark is none in the middle of a text
        self.offer(["a"], text.replace(b"\xef\xbb\xbf", b""))
        code, shown = self.run_on_terminal("get", "riesa/a", "-o", "-")
        self.assertEqual((code, shown.count("Meißen")), (0, 3000))

    def test_get_ends_early(self):
        self.offer(["a.csv"])
        Handler.answers[("GET", "/file")] = lambda handler: handler.reply(200, b"hel", length=5)
        (self.work / "x.csv").write_text("old")
        self.fails(5, "damaged", "get", "riesa/a", "-o", "x.csv", "--force")
        self.offer(["a.csv"])
        Handler.answers[("GET", "/file")] = (200, b"hello and more")
        self.fails(5, "a.csv", "get", "riesa/a", "-o", "x.csv", "--force")
        self.assertEqual((self.work / "x.csv").read_text(), "old")
        self.assertEqual(self.names(), ["x.csv"])

    def test_get_refused(self):
        self.offer(["a.csv"])
        Handler.answers[("GET", "/file")] = (409, {"error": "not_here", "message": "gone again"})
        self.fails(5, "gone again", "get", "riesa/a", "-o", "x.csv")
        Handler.answers = {("POST", "/fetch"): (403, {"error": "denied", "message": "ask it@riesa.example"})}
        self.fails(3, "ask it@riesa.example", "get", "riesa/a", "-o", "x.csv")
        self.assertEqual(self.names(), [])
        self.fails(2, "-o PATH", "get", "riesa/a")

    def test_get_stalls(self):
        fetch = {"dataset": "riesa/a", "version": 3, "state": "waiting", "bytes": 10, "bytes_all": 100}
        Handler.answers = {("POST", "/fetch"): (200, fetch), ("GET", "/fetch"): (200, fetch)}
        self.fails(5, "is not here yet (10 B of 100 B)", "get", "riesa/a", "-o", "x", "--timeout", "1")

    def test_get_progress(self):
        state = {"bytes": 0}

        def fetch(handler):
            state["bytes"] += 25
            time.sleep(0.25)
            handler.reply(200, {"version": 3, "state": "running" if state["bytes"] < 100 else "held",
                                "bytes": state["bytes"], "bytes_all": 100, "sources": 2})
        self.offer(["a.csv"])
        Handler.answers[("POST", "/fetch")] = (200, {"version": 3, "state": "running", "bytes_all": 100})
        Handler.answers[("GET", "/fetch")] = fetch
        status, text = self.run_on_terminal("get", "riesa/a", "-o", "x.csv")
        self.assertEqual(status, 0, text)
        self.assertIn("75 B of 100 B", text)
        self.assertIn("from 2 nodes", text)
        self.assertTrue(text.endswith("riesa/a@3   1 file, 5 B, in x.csv\n"), text)

    def test_get_interrupted(self):
        def drip(handler):
            handler.reply(200, b"h", length=5)
            handler.close_connection = False
            time.sleep(PATIENCE)
        self.offer(["a.csv"])
        Handler.answers[("GET", "/file")] = drip
        tool = subprocess.Popen([ALLMENDE, "-d", self.dir, "get", "riesa/a", "-o", "x.csv"], cwd=self.work,
                                stderr=subprocess.PIPE)
        end = time.monotonic() + PATIENCE
        while not self.names() and time.monotonic() < end:
            time.sleep(0.02)
        self.assertEqual(len(self.names()), 1)
        tool.send_signal(signal.SIGTERM)
        tool.communicate(timeout=PATIENCE)
        self.assertEqual(tool.returncode, -signal.SIGTERM)
        self.assertEqual(self.names(), [])

    # -- publish and join ------------------------------------------------------------------

    def test_publish_refused(self):
        def refuse_early(handler):
            handler.rfile.read(1000)
            handler.reply(413, {"error": "too_large", "message": "no space for this"})
            handler.close_connection = True
        Handler.answers = {
            ("POST", "/uploads"): (201, {"upload": "7", "dataset": "meissen/a"}),
            ("POST", "/uploads/7/files"): refuse_early,
            ("DELETE", "/uploads/7"): (204, b""),
        }
        (self.work / "big").write_bytes(bytes(8 << 20))
        self.fails(1, "no space for this", "publish", "meissen/a", "big")
        self.assertIn("DELETE", [m for m, _, _ in Handler.seen])

    def test_publish_one_request(self):
        heads = []

        def take(handler):
            body, head = handler.chunks(), True
            while body:
                size = int.from_bytes(body[:4], "big")
                part, body = body[4:4 + size], body[4 + size:]
                if head:
                    heads.append(part)
                head = not part
            handler.reply(200, {"files": 100, "bytes": 100})
        Handler.answers = {
            ("POST", "/uploads"): (201, {"upload": "7", "dataset": "meissen/a"}),
            ("POST", "/uploads/7/files"): take,
            ("POST", "/uploads/7/commit"): (200, {"dataset": "meissen/a", "version": 1, "tier": "members",
                                                  "files": 100, "bytes": 100, "added_bytes": 5000,
                                                  "readers": EVIL, "held_by": ["meissen"]}),
        }
        (self.work / "tree").mkdir()
        for i in range(100):
            (self.work / f"tree/Plätze {i}+%.csv").write_text("x")
        done = self.run_tool("publish", "meissen/a", "tree")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("meissen/a@1", done.stdout.decode())
        self.assertEqual(len(heads), 100)
        self.assertEqual(sum("Plätze 42+%.csv".encode() in head for head in heads), 1)
        self.assertEqual(len(Handler.seen), 3, "requests")
        self.assertEqual(len({fd for _, _, fd in Handler.seen}), 1, "connections")

    def test_publish_interrupted(self):
        def slow(handler):
            handler.rfile.read(1000)
            time.sleep(PATIENCE)
        Handler.answers = {
            ("POST", "/uploads"): (201, {"upload": "7", "dataset": "meissen/a"}),
            ("POST", "/uploads/7/files"): slow,
            ("DELETE", "/uploads/7"): (204, b""),
        }
        (self.work / "big").write_bytes(bytes(32 << 20))
        tool = subprocess.Popen([ALLMENDE, "-d", self.dir, "publish", "meissen/a", "big"], cwd=self.work,
                                stderr=subprocess.PIPE)
        end = time.monotonic() + PATIENCE
        while "/uploads/7/files" not in [path for _, path, _ in Handler.seen] and time.monotonic() < end:
            time.sleep(0.02)
        tool.send_signal(signal.SIGINT)
        _, err = tool.communicate(timeout=PATIENCE)
        self.assertEqual(tool.returncode, -signal.SIGINT)
        self.assertIn("interrupted", err.decode())
        self.assertIn("DELETE", [m for m, _, _ in Handler.seen])

    def test_wait(self):
        answers = [(409, {"error": "not_here", "message": "not yet"})] * 2 + [(200, {"version": 4, "held": True})]
        Handler.answers = {("GET", "/wait"): lambda handler: handler.reply(*answers.pop(0))}
        done = self.run_tool("wait", "riesa/a", "--after", "3")
        self.assertEqual((done.returncode, done.stdout), (0, b"riesa/a@4   is here\n"))
        Handler.answers = {("GET", "/wait"): (409, {"error": "not_here", "message": "not yet"})}
        self.fails(5, "no version after 3", "wait", "riesa/a", "--after", "3", "--timeout", "1")
        self.fails(5, "version 9 of riesa/a is not here", "wait", "riesa/a@9", "--timeout", "0")


if __name__ == "__main__":
    unittest.main()
