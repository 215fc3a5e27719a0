# shellcheck shell=bash disable=SC2034
# Sourced by the end-to-end tests, which meson calls as TEST SOURCE-ROOT BUILD-ROOT. Gives them a directory
# of their own in $work, two nodes of one federation on request, and an end that stops exactly what they started.

set -euo pipefail
root=$1
build=$2
helpers=$build/test/e2e
export LC_ALL=C.UTF-8
# shellcheck source=tools/lib-nodes.sh
. "$root/tools/lib-nodes.sh"

work=$(mktemp -d "${TMPDIR:-/tmp}/allmende-e2e-XXXXXX")
meissen=$work/meissen
radebeul=$work/radebeul
helper_pids=()

# With sanitizers all is slower: smaller files and fewer rounds, the same questions.
if [ -n "${ALLMENDE_E2E_SMALL:-}" ]; then small=true; else small=false; fi

at_end() {
	local status=$? pid
	trap '' INT TERM
	for pid in "${helper_pids[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	nodes_stop || status=1
	if [ "$status" = 0 ]; then
		rm -rf -- "$work"
	else
		tail -n 30 -- "$work"/*.log >&2 2>/dev/null || true
		if [ -n "${ALLMENDE_E2E_KEEP:-}" ]; then
			echo "kept: $work" >&2
		else
			rm -rf -- "$work"
		fi
	fi
	exit "$status"
}
trap at_end EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say() {
	printf '%s\n' "-- $*"
}

# wrong WHAT: the test has found something.
wrong() {
	printf 'WRONG: %s\n' "$*" >&2
	exit 1
}

# same FILE FILE: to the byte.
same() {
	cmp -- "$1" "$2" || wrong "$2 is not identical"
}

testdata() {
	"$helpers/testdata" "$@"
}

# port_free: a port nobody listens on, below those the system gives away by itself. For nodes that are
# started again and must be where they were, as real ones are.
port_free() {
	local port
	while port=$((12000 + RANDOM % 20000)) && (: <>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		:
	done
	printf '%s\n' "$port"
}

# two_nodes [INIT-ARGUMENT...]: Meißen founds, Radebeul joins.
two_nodes() {
	[ $# -gt 0 ] || set -- --no-passphrase
	node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" "$@"
	node_start "$meissen"
	node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
	node_join "$radebeul" "$(node_invite "$meissen" radebeul)" --listen "127.0.0.1:$(port_free)" "$@" ||
		wrong 'Radebeul did not join'
}

# publish DATASET FILE... [OPTION...]: the version's number.
publish() {
	node_json "$meissen" .version publish "$@"
}

# is_known DIR DATASET VERSION
is_known() {
	node_json "$1" ".versions[] | select(.version == $3) | .version" log "$2" >/dev/null 2>&1
}

# get_same DATASET@VERSION ORIGINAL: waits until Radebeul knows it, reads it there and compares.
get_same() {
	local copy=$work/copy
	wait_for 30 is_known "$radebeul" "${1%@*}" "${1##*@}" || wrong "$1 did not become known"
	rm -rf -- "$copy"
	node "$radebeul" get "$1" -o "$copy" || wrong "get $1 failed"
	if [ -d "$2" ]; then
		diff -r -- "$2" "$copy" >/dev/null || wrong "$1 is not identical"
	else
		same "$2" "$copy"
	fi
}

# clean DIR: all that is stored is sound.
clean() {
	node_json "$1" 'if .clean then "clean" else error(tostring) end' verify >/dev/null ||
		wrong "verify in $1: $(node "$1" --json verify)"
}
