#!/usr/bin/env python3
"""The tables of docs/CONFIG.md have the settings that allmended knows, with its ranges and defaults,
and no others.

settings.py ALLMENDED ROOT [--write]    --write: ranges and defaults are taken over from it"""
import pathlib
import re
import subprocess
import sys

SETTING = re.compile(r"^  ([a-z][a-z-]*) .*\n {22}(.*?)(?:; default (.*))?$", re.MULTILINE)
ROW = re.compile(r"^\| `([a-z-]+)` \| (.*?) \| (.*?) ?\| ", re.MULTILINE)


def main(allmended, root, write):
    out = subprocess.run([allmended, "--help"], capture_output=True, text=True, check=True).stdout
    known = {name: (allowed, value)
             for name, allowed, value in SETTING.findall(out[out.index("Settings stand in"):])}
    path = pathlib.Path(root, "docs/CONFIG.md")
    text = path.read_text(encoding="utf-8")
    if write:
        text = ROW.sub(lambda row: "| `{}` | {} | {} | ".format(
            row[1], *known.get(row[1], row.groups()[1:])), text)
        path.write_text(text, encoding="utf-8")
    named = {name: (allowed, value) for name, allowed, value in ROW.findall(text)}
    found = [f"{name}: {known.get(name)} in allmended --help, {named.get(name)} in docs/CONFIG.md"
             for name in sorted(known.keys() | named.keys()) if known.get(name) != named.get(name)]
    if len(known) < 20:
        found.append(f"too few settings are known: {sorted(known)}")
    print("\n".join(found) or f"{len(known)} settings, with their ranges and defaults")
    return 1 if found else 0


sys.exit(main(sys.argv[1], sys.argv[2], "--write" in sys.argv[3:]))
