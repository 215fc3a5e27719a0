#!/usr/bin/env python3
"""README's commands, pasted as they stand there into terminals of machines of their own.

    readme_walk.py SOURCE-ROOT BUILD-ROOT

Each machine is a network namespace with a home of its own, and a shell on a terminal into which a block is pasted
as a terminal program pastes it. Only what README says is to be replaced is: the six words, the name of a grant, and
the capitals. A block that this does not know fails the test. Without the right to make namespaces it is skipped.
"""
import os
import pathlib
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PATIENCE = int(os.environ.get("ALLMENDE_PATIENCE", "1"))
README = ["Two machines in five minutes", "When the machine is gone"]
INSIDE = "ALLMENDE_WALK_INSIDE"
PASSPHRASE = "vier Fähren und ein Damm"
GRANT = "g-[0-9A-Z]{8}"
PROMPT = "=== %d ready ===\n"


def fail(what):
    print(f"WRONG: {what}", file=sys.stderr)
    sys.exit(1)


class Machine:
    """A namespace with an address, a home, and a terminal."""

    def __init__(self, world, slug):
        world.machines.append(self)
        self.slug, self.home, self.shown = slug, world.work / slug, ""
        self.address = f"10.77.0.{len(world.machines)}"
        self.home.mkdir()
        environment = {"HOME": str(self.home), "PATH": f"{world.build}:{os.environ['PATH']}", "LC_ALL": "C.UTF-8",
                       "TERM": "xterm", "NO_COLOR": "1", "PS1": PROMPT % len(world.machines), "HISTFILE": "/dev/null"}
        for name in filter(lambda n: n.endswith("SAN_OPTIONS"), os.environ):
            environment[name] = os.environ[name]
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(self.home)
            os.execvpe("unshare", ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc",
                                   "bash", "--norc", "--noprofile", "-i"], environment)
        self.prompt = environment["PS1"].strip()
        self.wait(30)
        name = f"veth{len(world.machines)}"
        run("ip", "link", "add", name, "master", "hall", "type", "veth", "peer", "name", "eth0", "netns", str(self.pid))
        run("ip", "link", "set", name, "up")
        self.paste(f"ip address add {self.address}/24 dev eth0; ip link set eth0 up; ip link set lo up")
        with open(world.hosts, "a", encoding="ascii") as hosts:
            hosts.write(f"{self.address} node.{slug}.example\n")

    def wait(self, seconds):
        """Reads until the prompt stands there again; types the passphrase where it is asked for."""
        end, begin = time.monotonic() + seconds * PATIENCE, len(self.shown)
        while self.prompt not in self.shown[begin:]:
            if time.monotonic() > end:
                fail(f"{self.slug} does not come to an end:\n{self.shown[begin:]}")
            if not select.select([self.terminal], [], [], 1)[0]:
                continue
            try:
                piece = os.read(self.terminal, 65536).decode("utf-8", "replace")
            except OSError:
                fail(f"the shell of {self.slug} has ended:\n{self.shown[begin:]}")
            piece = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]|\r", "", piece)
            self.shown += piece
            if piece and re.search(r"(passphrase|Once more)[^\n]*: \Z", self.shown, re.I):
                time.sleep(0.2)  # the echo goes off a moment after the question
                os.write(self.terminal, PASSPHRASE.encode() + b"\n")
        return self.shown[begin:].rpartition(self.prompt)[0]

    def paste(self, block, seconds=60, code=0):
        """Pastes a block; returns what was shown. Fails when its last command does not end with the code."""
        os.write(self.terminal, b"\x1b[200~" + block.encode() + b"\x1b[201~\n")
        shown = self.wait(seconds)
        os.write(self.terminal, b'echo "code $?"\n')
        last = re.findall(r"^code (\d+)$", self.wait(30), re.M)
        print(f"== {self.slug}\n{shown.removeprefix(block)}", flush=True)
        if last != [str(code)]:
            fail(f"{self.slug}: exit code {last}, not {code}, of:\n{block}")
        return shown

    def until(self, command, pattern, seconds=30):
        """Repeats a command until what it shows has the pattern; returns the match."""
        end = time.monotonic() + seconds * PATIENCE
        while True:
            os.write(self.terminal, command.encode() + b"\n")
            shown = self.wait(60)
            found = re.search(pattern, shown)
            if found:
                return found
            if time.monotonic() > end:
                fail(f"{self.slug}: `{command}` never shows {pattern!r}:\n{shown}")
            time.sleep(0.2)


class World:
    def __init__(self, source, build, work):
        self.build, self.work, self.machines = build, work, []
        self.hosts = work / "hosts"
        self.hosts.write_text("127.0.0.1 localhost\n", encoding="ascii")
        self.blocks = blocks((source / "README.md").read_text(encoding="utf-8"))
        run("mount", "--bind", str(self.hosts), "/etc/hosts")
        run("ip", "link", "add", "hall", "type", "bridge")
        run("ip", "link", "set", "hall", "up")

    def take(self, beginning):
        """The next block, which has to begin with these words."""
        if not self.blocks:
            fail(f"README has no block more, but one that begins with `{beginning}` was to come")
        block = self.blocks.pop(0)
        if not block.startswith(beginning):
            fail(f"the next block of README begins not with `{beginning}`:\n{block}")
        return block


def run(*command):
    subprocess.run(command, check=True, stdin=subprocess.DEVNULL)


def blocks(text):
    """The indented blocks of README's sections that are walked."""
    found = []
    for title in README:
        section = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## )", text, re.M | re.S)
        if not section:
            fail(f"README has no section `{title}`")
        for block in re.findall(r"(?:^ {4}.*\n)+", section[1], re.M):
            found.append(re.sub(r"^ {4}", "", block, flags=re.M).rstrip("\n"))
    return found


def founded(world):
    """The first three blocks: a federation of two."""
    meissen, radebeul = Machine(world, "meissen"), Machine(world, "radebeul")
    meissen.paste(world.take("allmende init"))
    shutil.copy(meissen.home / "invitation.txt", radebeul.home)
    radebeul.paste(world.take("allmende init"))
    words = radebeul.until("allmende federation", r"Your words +(\w+(?: \w+){5})")[1]
    meissen.until("allmende federation requests", "radebeul")
    meissen.paste(world.take("allmende federation requests").replace("adler burg kaffee nebel tulpe zebra", words))
    radebeul.until("allmende federation members", "meissen")
    return meissen, radebeul


def joined(world, meissen, slug, name, ags):
    """A further member, for what README says of others."""
    machine = Machine(world, slug)
    meissen.paste(f'allmende federation invite --name "{name}" --slug {slug} --ags {ags} --auto-approve -o {slug}.txt')
    shutil.copy(meissen.home / f"{slug}.txt", machine.home)
    machine.paste(f"allmende init --join {slug}.txt --advertise node.{slug}.example:7420 --no-passphrase")
    machine.paste("allmended --detach")
    machine.until("allmende federation members", "meissen")
    meissen.until("allmende federation members", slug)
    return machine


def published(world, meissen, radebeul, landkreis):
    """Published for members, read there; then granted, and hidden."""
    (meissen.home / "plaetze.csv").write_text("Kita;frei\nElbkinder;4\n", encoding="utf-8")
    meissen.paste(world.take("allmende publish meissen/kita/plaetze"))
    radebeul.until("allmende ls", "meissen/kita/plaetze")
    radebeul.paste(world.take("allmende subscribe"))
    if (radebeul.home / "plaetze.csv").read_bytes() != (meissen.home / "plaetze.csv").read_bytes():
        fail("what Radebeul has got is not what Meißen published")
    meissen.paste(world.take("allmende publish meissen/kita/plaetze plaetze.csv --theme"))
    shown = meissen.paste(world.take("allmende publish meissen/kita/plaetze"))
    if "landkreis-meissen" not in shown:
        fail("who does not name whom it was granted")
    (meissen.home / "plan.ods").write_bytes(os.urandom(5000))
    meissen.paste(world.take("allmende publish meissen/personal/stellenplan"))
    landkreis.until("allmende get meissen/personal/stellenplan -o plan.ods --timeout 20 && echo g''ot", "got")
    if (landkreis.home / "plan.ods").read_bytes() != (meissen.home / "plan.ods").read_bytes():
        fail("what the county has got is not what Meißen published")


def ended(world, meissen, landkreis, riesa):
    """A grant that ends, one that is shown and proven, and what was written down."""
    today = time.strftime("%Y-%m-%d", time.gmtime())
    landkreis.paste("allmende grant landkreis-meissen/kita --to riesa --rights read")
    first, second = world.take("allmende revoke").splitlines()
    name = meissen.until("allmende grants", f"({GRANT}).* meissen/kita")[1]
    meissen.paste(re.sub(GRANT, name, first), code=1)
    meissen.paste(re.sub(GRANT, name, first) + " --yes")
    landkreis.paste(second, code=1)
    landkreis.paste(second + " --yes")
    meissen.paste("allmende grant meissen/kita --to riesa --rights read")
    name = riesa.until("allmende grants", f"({GRANT}).* meissen/kita")[1]
    identity = riesa.until("allmende federation", r"\b([0-9a-f]{32,64})\b")[1]
    challenge = "8c1f0a77b2d94e05"
    lines = world.take("allmende grant-show").splitlines()
    words = [(GRANT, name), ("federation ID", f"federation {identity}"), ("challenge X", f"challenge {challenge}")]
    proof = ""
    for line in lines:
        for word, value in words:
            line = re.sub(word, value, line)
        shown = riesa.paste(line.replace("TEXT", f'"{proof}"'))
        proof = shown.strip().splitlines()[-1].strip()
    world.take("allmende verify-file")  # of a node with a public address: test/e2e/verify_file.sh
    for line in world.take("allmende who meissen/kita/plaetze --at").splitlines():
        meissen.paste(re.sub(r"\d{4}-\d\d-\d\d", today, line))


def withdrawn(world, meissen, radebeul):
    """Written where other programs look for it, and taken back."""
    radebeul.paste("mount -t tmpfs none /srv && mkdir /srv/nachbarn")
    meissen.paste("allmende publish meissen/kita/plaetze plaetze.csv --tier members --widen")
    (meissen.home / "ordner").mkdir()
    shutil.copy(meissen.home / "plaetze.csv", meissen.home / "ordner")
    (meissen.home / "auszug").write_text("#!/bin/sh\necho 'Kita;frei'\necho 'Elbkinder;5'\n", encoding="utf-8")
    (meissen.home / "auszug").chmod(0o755)
    meissen.paste(world.take("allmende publish meissen/kita/plaetze ordner"))
    if "Elbkinder;5" not in (meissen.home / "heute.csv").read_text(encoding="utf-8"):
        fail("what the command wrote is not what was published")
    (meissen.home / "rat.csv").write_text("Vorname;Name;Anschrift\nAnna;Muster;Weg 1\n", encoding="utf-8")
    meissen.paste("allmende publish meissen/rat/mitglieder rat.csv", code=3)
    meissen.paste(world.take("allmende check"))
    radebeul.paste(world.take("allmende subscribe"))
    radebeul.until("find /srv/nachbarn -type f", r"/srv/nachbarn/meissen/kita/plaetze/plaetze.csv")
    first, second, *reports = world.take("allmende withdraw").splitlines()
    meissen.paste(first)
    meissen.until(second, "Waiting for +nobody")
    for line in reports:
        identity = meissen.until("allmende federation", r"\b([0-9a-f]{32,64})\b")[1]
        meissen.paste(line.replace("--federation ID", f"--federation {identity}"))
    radebeul.until("find /srv/nachbarn -type f; echo no''ne", r"^none|\nnone")
    radebeul.paste("allmende get meissen/kita/plaetze -o again.csv", code=4)


def gone(world, meissen, radebeul):
    """The first machine is lost, and its organisation comes back on an empty one."""
    meissen.paste("echo 1 > lage.txt; allmende publish meissen/lage lage.txt --tier members --copies 1")
    first, second, third = world.take("allmende recovery-sheet").splitlines()
    meissen.paste("rm -f sheet.txt; " + first)
    radebeul.until("allmende get meissen/lage -o - ", "1")
    # in the text, not in a block
    meissen.paste("allmende rehearse sheet.txt --from node.radebeul.example:7420")
    again = Machine(world, "meissen-again")
    shutil.copy(meissen.home / "sheet.txt", again.home)
    os.kill(meissen.pid, signal.SIGKILL)
    again.paste(second)
    again.paste(third)
    again.until("allmende get meissen/lage -o -", "1", 60)


def inside(source, build, work):
    world = World(source, build, work)
    try:
        meissen, radebeul = founded(world)
        landkreis = joined(world, meissen, "landkreis-meissen", "Landkreis Meißen", "14627")
        riesa = joined(world, meissen, "riesa", "Stadt Riesa", "14627230")
        published(world, meissen, radebeul, landkreis)
        ended(world, meissen, landkreis, riesa)
        withdrawn(world, meissen, radebeul)
        gone(world, meissen, radebeul)
        if world.blocks:
            fail(f"nobody has tried this block of README:\n{world.blocks[0]}")
    finally:
        for machine in world.machines:
            os.kill(machine.pid, signal.SIGKILL)


def main():
    source, build = (pathlib.Path(word).resolve() for word in sys.argv[1:3])
    if INSIDE in os.environ:
        inside(source, build, pathlib.Path(os.environ[INSIDE]))
        return
    words = ["unshare", "--mount", "--net"] + ([] if os.getuid() == 0 else ["--user", "--map-root-user"])
    if not shutil.which("ip") or subprocess.run([*words, "mount", "-t", "tmpfs", "none", "/srv"], check=False,
                                                capture_output=True).returncode:
        print("SKIPPED: this machine allows no network namespaces, or has no ip(8)")
        sys.exit(77)
    with tempfile.TemporaryDirectory(prefix="allmende-walk-") as work:
        sys.exit(subprocess.run([*words, sys.executable, "-B", *sys.argv], check=False,
                                env={**os.environ, INSIDE: work}).returncode)


main()
