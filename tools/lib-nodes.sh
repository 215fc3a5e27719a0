# shellcheck shell=bash disable=SC2034
# Sourced by tools/demo and the tests: starts, watches and stops nodes. Every wait has an end.
# The caller sets `build`, the directory with the programs, and calls nodes_stop in its EXIT trap.

allmende=$build/allmende
allmended=$build/allmended
declare -A node_pid=()
node_arguments=() # what every daemon gets
node_init_default=(--listen 127.0.0.1:0 --no-passphrase)

# What waiting costs under sanitizers and on slow machines: all limits are multiplied by this.
patience=${ALLMENDE_PATIENCE:-1}

# now_ms: milliseconds since 1970.
now_ms() {
	local now=${EPOCHREALTIME/[.,]/}
	printf '%s\n' "${now%???}"
}

# wait_for SECONDS COMMAND...: true as soon as the command is, false after the time.
wait_for() {
	local end=$((SECONDS + $1 * patience))
	shift
	until "$@"; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# bounded SECONDS COMMAND...: ends a command that hangs (status 124).
bounded() {
	local seconds=$(($1 * patience))
	shift
	timeout --kill-after=10 "$seconds" "$@"
}

# node DIR ARGUMENT...: the command line for this node.
node() {
	local dir=$1
	shift
	bounded "${node_patience:-120}" "$allmende" -d "$dir" "$@"
}

# node_json DIR JQ-FILTER ARGUMENT...: one answer out of a command's JSON; fails when it is absent.
node_json() {
	local dir=$1 filter=$2
	shift 2
	node "$dir" --json "$@" | jq -er "$filter"
}

node_alive() {
	[ -n "${node_pid[$1]:-}" ] && kill -0 "${node_pid[$1]}" 2>/dev/null
}

node_answers() {
	! node_alive "$1" || node "$1" --json status >/dev/null 2>&1
}

# node_start DIR: starts the daemon and waits until it answers. Its log: DIR.log.
node_start() {
	local dir=$1
	# Ctrl-C is for us, who then stop the node; and it never outlives us.
	setsid setpriv --pdeathsig TERM "$allmended" -d "$dir" "${node_arguments[@]}" \
		>>"$dir.log" 2>&1 </dev/null &
	node_pid[$dir]=$!
	if ! wait_for 30 node_answers "$dir" || ! node_alive "$dir"; then
		echo "the node in $dir does not answer; the end of its log:" >&2
		tail -n 20 -- "$dir.log" >&2
		return 1
	fi
}

# node_stop DIR: a clean stop; fails when the daemon does not end in time, or not with 0.
node_stop() {
	local pid=${node_pid[$1]:-} status=0
	[ -n "$pid" ] || return 0
	unset "node_pid[$1]"
	kill -TERM "$pid" 2>/dev/null || true
	wait_for 30 process_gone "$pid" || kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" || status=$?
	if [ "$status" != 0 ]; then
		echo "the node in $1 ended with status $status; the end of its log:" >&2
		tail -n 20 -- "$1.log" >&2
		return 1
	fi
}

# A process that has ended but was not waited for yet is gone, too.
process_gone() {
	local state
	state=$(sed -n 's/^State:[[:space:]]*\(.\).*/\1/p' "/proc/$1/status" 2>/dev/null) || return 0
	[ -z "$state" ] || [ "$state" = Z ]
}

# node_kill DIR: as a power cut would.
node_kill() {
	local pid=${node_pid[$1]}
	unset "node_pid[$1]"
	kill -KILL "$pid" 2>/dev/null || true
	wait "$pid" 2>/dev/null || true
}

# nodes_stop: stops all that still run; fails when one of them did not end cleanly.
nodes_stop() {
	local dir status=0
	for dir in "${!node_pid[@]}"; do
		node_stop "$dir" || status=1
	done
	return "$status"
}

# municipality SLUG FIELD: 1 official key, 2 slug, 3 name.
municipality() {
	awk -F '\t' -v slug="$1" -v field="$2" '$2 == slug { print $field }' "$root/tools/municipalities.tsv"
}

# node_init DIR SLUG [INIT-ARGUMENT...]: a node of this municipality; without arguments on a free port of
# this machine and without a passphrase.
node_init() {
	local dir=$1 slug=$2
	shift 2
	[ $# -gt 0 ] || set -- "${node_init_default[@]}"
	node "$dir" init --name "$(municipality "$slug" 3)" --slug "$slug" \
		--ags "$(municipality "$slug" 1)" "$@" >>"$dir.log"
}

node_invite() {
	node_json "$1" .invitation federation invite --name "$(municipality "$2" 3)" --slug "$2" \
		--ags "$(municipality "$2" 1)" --auto-approve
}

# Also true when the node is gone, so that nobody waits for a dead one.
node_is_member() {
	! node_alive "$1" || [ "$(node_json "$1" .federation.state status 2>/dev/null)" = member ]
}

# node_join DIR INVITATION [INIT-ARGUMENT...]: sets up, starts, and waits until it is a member.
node_join() {
	local dir=$1 invitation=$2
	shift 2
	[ $# -gt 0 ] || set -- "${node_init_default[@]}"
	node "$dir" init --join - "$@" >>"$dir.log" <<<"$invitation"
	node_start "$dir"
	wait_for 60 node_is_member "$dir" && node_alive "$dir"
}
