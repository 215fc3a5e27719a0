"""municipalities.py FILE: its rows, "key<TAB>slug<TAB>name", as the table of tools/kit/municipality.h."""
import sys

print('#include "tools/kit/municipality.h"')
print("const struct municipality municipalities[] = {")
for line in open(sys.argv[1], encoding="utf-8"):
    key, _, name = line.rstrip("\n").split("\t")
    print(f'\t{{"{key}", "{name}"}},')
print("};")
print("const size_t municipality_count = sizeof(municipalities) / sizeof(municipalities[0]);")
