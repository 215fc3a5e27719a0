#!/usr/bin/env bash
# Every C file is formatted as .clang-format says. Usage: format.sh ROOT
set -euo pipefail
cd "$1"
if ! command -v clang-format >/dev/null; then
	echo "skipped: clang-format is not installed"
	exit 77
fi
# Another version formats otherwise; the tree follows Debian 12's.
if ! clang-format --version | grep -q 'version 14\.'; then
	echo "skipped: clang-format 14 is wanted, here is $(clang-format --version)"
	exit 77
fi
mapfile -d '' -t files < <(find crypto store proto node tools test -name '*.[ch]' -print0)
if ! faults=$(clang-format --dry-run -Werror "${files[@]}" 2>&1); then
	echo "not formatted (places, file); to mend it: clang-format -i FILE"
	sed -n 's/:[0-9]*:[0-9]*: error: .*//p' <<<"$faults" | sort | uniq -c
	exit 1
fi
echo "${#files[@]} files, all formatted"
