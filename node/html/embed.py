"""Writes a C file that holds the files of the arguments, for embedded.h."""
import hashlib
import pathlib
import sys

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".mo": None,  # for the program itself
}


def main(paths):
    print('#include "node/html/embedded.h"\n')
    rows = []
    for number, path in enumerate(map(pathlib.Path, paths)):
        data = path.read_bytes()
        print(f"static const uint8_t file_{number}[] = {{")
        for at in range(0, len(data), 20):
            print("\t" + ", ".join(str(byte) for byte in data[at : at + 20]) + ",")
        print("};\n")
        mark = hashlib.sha256(data).hexdigest()[:12]
        kind = f'"{TYPES[path.suffix]}"' if TYPES[path.suffix] else "NULL"
        rows.append(f'\t{{"{path.name}", {kind}, "{mark}", file_{number}, {len(data)}}},')
    print("const struct embedded embedded_files[] = {", *rows, "\t{0},", "};", sep="\n")


main(sys.argv[1:])
