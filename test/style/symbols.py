"""What the object files of a build define and use, by source file."""
import json
import os
import pathlib
import subprocess

PRODUCT = ("crypto", "store", "proto", "node", "tools")


class Unit:
    """One object file. `functions` and `data` are what others may use, `needs` what it takes."""

    def __init__(self, source, object_file):
        self.source, self.object_file = source, object_file
        self.functions, self.data, self.needs = set(), set(), set()

    @property
    def defines(self):
        return self.functions | self.data


def objects(root, build):
    """Yields (source relative to root, object file relative to build), as the build says itself."""
    root = pathlib.Path(root).resolve()
    commands = json.loads(pathlib.Path(build, "compile_commands.json").read_text(encoding="utf-8"))
    for entry in commands:
        source = os.path.relpath(os.path.join(entry["directory"], entry["file"]), root)
        yield source, entry["output"]


def read_names(text, units):
    """Puts the output of nm -P -A into the units, by object file: "FILE: NAME TYPE VALUE SIZE"."""
    for line in text.splitlines():
        file, _, rest = line.partition(": ")
        name, kind = rest.split(" ", 2)[:2]
        # The compiler's and the sanitizers' own names are nobody's here.
        if name.startswith(("__", ".")):
            continue
        if kind in "TWi":
            units[file].functions.add(name)
        elif kind in "DRBGSCV":
            units[file].data.add(name)
        elif kind in "Uwv":
            units[file].needs.add(name)


def units(root, build, folders=PRODUCT):
    """The units of these folders; without those that were not built or that tests compile again."""
    found = {}
    for source, object_file in objects(root, build):
        folder = source.split("/")[0]
        if folder not in folders or object_file.startswith("test/") != (folder == "test"):
            continue
        if pathlib.Path(build, object_file).exists():
            found[object_file] = Unit(source, object_file)
    if found:
        done = subprocess.run(["nm", "-P", "-A", *found], cwd=build, check=True, text=True,
                              stdout=subprocess.PIPE)
        read_names(done.stdout, found)
    return list(found.values())
