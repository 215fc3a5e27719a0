#!/usr/bin/env bash
# libFuzzer for a while, from our seeds and the corpus on; tools/check --all runs it for every target.
#
#	night.sh FUZZ-PLAIN-NAME FUZZ-NAME CORPUS [OPTION...]
#
# ALLMENDE_FUZZ_SECONDS: how long. An input that brings the target down is kept beside the program.
set -euo pipefail

plain=$1 target=$2 corpus=$3
work=$(mktemp -d "${TMPDIR:-/tmp}/allmende-fuzz-XXXXXX")
trap 'rm -rf -- "$work"' EXIT
mkdir "$work/inputs"
"$plain" -n 0 -w "$work/inputs"
[ ! -d "$corpus" ] || cp -- "$corpus"/* "$work/inputs/"
"$target" -max_total_time="${ALLMENDE_FUZZ_SECONDS:-20}" -timeout=20 -print_final_stats=1 "${@:4}" \
	-artifact_prefix="$target-found-" "$work/inputs" 2>&1 | tee "$work/log"
grep -Eq '^stat::number_of_executed_units: *[1-9]' "$work/log"
