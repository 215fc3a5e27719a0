#!/usr/bin/env python3
"""The passphrase typed on a terminal: never shown, corrected with the usual keys, asked twice when new.

    cli_prompt.py BUILD-DIRECTORY
"""
import os
import pathlib
import pty
import select
import sys
import tempfile
import termios
import time
import unittest

BUILD = pathlib.Path(sys.argv.pop(1)).resolve()
ALLMENDE = str(BUILD / "allmende")
DAEMON = str(BUILD / "allmended")
PATIENCE = 60 * int(os.environ.get("ALLMENDE_PATIENCE", "1"))
INIT = ["init", "--name", "Stadt Meißen", "--slug", "meissen", "--ags", "14627140"]


class Prompt(unittest.TestCase):
    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory()
        self.dir = pathlib.Path(self.temporary.name, "node")
        self.addCleanup(self.temporary.cleanup)

    def type(self, args, answers, program=ALLMENDE, prompt=b": "):
        """Runs the command on a terminal, answers each prompt; (exit code, what was shown)."""
        pid, fd = pty.fork()
        if pid == 0:
            os.chdir(self.temporary.name)
            os.execv(program, [program, "-d", str(self.dir), *args])
        shown, prompts, end = b"", 0, time.monotonic() + PATIENCE
        while time.monotonic() < end and select.select([fd], [], [], PATIENCE)[0]:
            try:
                piece = os.read(fd, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
            if prompts < len(answers) and shown.count(prompt) > prompts and shown.endswith(prompt):
                # the echo of a passphrase goes off a moment after the prompt
                while prompt == b": " and termios.tcgetattr(fd)[3] & termios.ECHO and time.monotonic() < end:
                    time.sleep(0.005)
                os.write(fd, answers[prompts])
                prompts += 1
        os.close(fd)
        self.assertEqual(prompts, len(answers), shown)
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), shown.decode()

    def test_doubted_key(self):
        words = ["init", "--name", "Stadt Riesa", "--slug", "riesa", "--ags", "14627140", "--no-passphrase"]
        for answer, expected in ((b"n\n", 2), (b"\n", 2), (b"y\n", 0)):
            code, shown = self.type(words, [answer], prompt=b"[y/N] ")
            self.assertEqual(code, expected, shown)
            self.assertIn("Stadt Riesa has 14627230", shown)
            self.assertEqual(self.dir.exists(), code == 0)

    def test_new(self):
        code, shown = self.type(INIT, [b"geheim\xc3\xa4\xc3\xb6\x7f\x7f!\n", b"falsch\x15geheim!\n"])
        self.assertEqual(code, 0, shown)
        self.assertNotIn("geheim", shown)
        self.assertIn("sealed with your passphrase", shown)
        code, shown = self.type(["recovery-sheet", "-o", "sheet"], [b"geheim\n"])
        self.assertEqual(code, 3, shown)
        self.assertIn("the passphrase is not the one", shown)
        self.assertFalse(pathlib.Path(self.temporary.name, "sheet").exists())
        code, shown = self.type(["recovery-sheet", "-o", "sheet"], [b"geheim!\n"])
        self.assertEqual(code, 0, shown)
        sheet = pathlib.Path(self.temporary.name, "sheet")
        self.assertEqual(sheet.stat().st_mode & 0o777, 0o600)
        self.assertIn("Stadt Meißen", sheet.read_text())

    def test_change_and_daemon(self):
        code, shown = self.type(INIT + ["--listen", "127.0.0.1:0"], [b"geheim\n", b"geheim\n"])
        self.assertEqual(code, 0, shown)
        code, shown = self.type(["passphrase", "change"], [b"geheim\n", b"offen\n", b"offen\n"])
        self.assertEqual(code, 0, shown)
        self.assertIn("sealed with the new passphrase", shown)
        code, shown = self.type([], [b"geheim\n"], DAEMON)
        self.assertEqual(code, 3, shown)
        self.assertIn("the passphrase is not that of", shown)
        code, shown = self.type([], [b"\n"], DAEMON)
        self.assertEqual(code, 2, shown)
        # the right one: it goes on, as far as a port that is no port
        code, shown = self.type(["--listen", "192.0.2.1:7420"], [b"offen\n"], DAEMON)
        self.assertEqual(code, 2, shown)
        self.assertIn("192.0.2.1", shown)
        self.assertNotIn("offen", shown)

    def refused(self, answers, code, phrase):
        got, shown = self.type(INIT, answers)
        self.assertEqual(got, code, shown)
        self.assertIn(phrase, shown)
        self.assertFalse(self.dir.exists())

    def test_differ(self):
        self.refused([b"geheim\n", b"geheim!\n"], 2, "differ")

    def test_empty(self):
        self.refused([b"\n"], 2, "empty")

    def test_too_long(self):
        self.refused([b"x" * 2000 + b"\n"], 2, "longer than 1024")

    def test_given_up(self):
        self.refused([b"geh\x03"], 1, "no passphrase was given")
        self.refused([b"\x04"], 1, "no passphrase was given")


if __name__ == "__main__":
    unittest.main()
