#!/usr/bin/env python3
"""What pages say stands in every language: the texts that xgettext finds in the code are those of the
catalogue in node/html/po, none is missing and none left over.

texts.py ROOT BUILD"""
import pathlib
import subprocess
import sys
import tempfile

# Where a text for the catalogue stands among the arguments (node/html/html.h, texts.h).
KEYWORDS = ["TEXT", "text_say:2", "text_of_count:2,3", "html_say:2", "html_format:2", "html_count:2,3",
            "html_fact:2"]


def template(root, where):
    """The texts of the code, as a .pot file."""
    files = sorted(str(path.relative_to(root)) for path in (root / "node").rglob("*.c"))
    out = where / "texts.pot"
    subprocess.run(["xgettext", "--from-code=UTF-8", "--keyword=", "-o", out]
                   + [f"--keyword={keyword}" for keyword in KEYWORDS] + files, cwd=root, check=True)
    return out


def faults(root):
    with tempfile.TemporaryDirectory() as where:
        pot = template(root, pathlib.Path(where))
        for po in sorted((root / "node/html/po").glob("*.po")):
            compared = subprocess.run(["msgcmp", po, pot], capture_output=True, text=True, check=False)
            yield from (line for line in compared.stderr.splitlines() if line.strip())


def main(root):
    found = list(faults(pathlib.Path(root)))
    print(*found, sep="\n", end="\n" if found else "")
    print(f"{len(found)} texts of pages are missing in a language, or left over")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
