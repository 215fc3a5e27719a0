#!/usr/bin/env python3
"""data.py - the data of the benches, the same on every machine.

files DIR COUNT    that many files of 1 to 8 KiB, half compressible, at most 1,000 in a folder
edit FILE WAS      writes 50 bytes at each of 20 places and appends 80,000; what was there is kept in WAS
unedit FILE WAS    puts it back
"""
import os
import random
import sys

EDITS, EDIT_LEN, APPEND_LEN = 20, 50, 80000


def files(where, count):
    """Odd ones are noise, even ones rows of a long table; no two are alike."""
    source = random.Random(12)
    text = "".join(f"2026-{i // 28 % 12 + 1:02}-{i % 28 + 1:02};Meissen;{source.randrange(1000)}.{i % 10}\n"
                   for i in range(40000)).encode()
    for number in range(count):
        folder = f"{where}/{number // 1000:03}"
        if number % 1000 == 0:
            os.makedirs(folder)
        length = source.randrange(1024, 8193)
        body = source.randbytes(length)
        if number % 2 == 0:
            at = source.randrange(len(text) - length)
            body = text[at:at + length]
        with open(f"{folder}/f{number:06}.dat", "wb") as out:
            out.write(body)


def edit(path, kept):
    source = random.Random(20)
    size = os.path.getsize(path)
    with open(path, "r+b") as file, open(kept, "wb") as was:
        was.write(size.to_bytes(8, "big"))
        for _ in range(EDITS):
            at = source.randrange(size - EDIT_LEN)
            file.seek(at)
            was.write(at.to_bytes(8, "big") + file.read(EDIT_LEN))
            file.seek(at)
            file.write(source.randbytes(EDIT_LEN))
        file.seek(size)
        file.write(source.randbytes(APPEND_LEN))


def unedit(path, kept):
    with open(path, "r+b") as file, open(kept, "rb") as was:
        file.truncate(int.from_bytes(was.read(8), "big"))
        olds = [(int.from_bytes(was.read(8), "big"), was.read(EDIT_LEN)) for _ in range(EDITS)]
        for at, old in reversed(olds):  # two of them may overlap
            file.seek(at)
            file.write(old)
    os.remove(kept)


def main():
    verb = {"files": files, "edit": edit, "unedit": unedit}[sys.argv[1]]
    verb(*(int(word) if word.isdigit() else word for word in sys.argv[2:]))


main()
