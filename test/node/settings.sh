#!/usr/bin/env bash
# docs/CONFIG.md names the settings that allmended knows, and no others. Usage: settings.sh ALLMENDED ROOT
set -euo pipefail
known=$("$1" --help | sed -n '1,/^SIGTERM/d; s/^  \([a-z][a-z-]*\) .*/\1/p' | sort)
named=$(sed -n 's/^| \(`[a-z`, -]*\) | .*/\1/p' "$2/docs/CONFIG.md" | grep -o '[a-z][a-z-]*' | sort)
[ "$(wc -l <<<"$known")" -ge 20 ] || { echo "too few settings are known: $known"; exit 1; }
if ! diff <(echo "$known") <(echo "$named"); then
	echo 'allmended --help (<) and docs/CONFIG.md (>) name different settings'
	exit 1
fi
