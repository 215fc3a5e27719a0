# shellcheck shell=bash
# Sourced beside tools/lib-nodes.sh: a county and its municipalities as nodes of one federation, all on this machine.
# The caller sets `work`, the directory for all of them.

county=$work/landkreis-meissen
towns=()             # slugs, in the order of their official keys
declare -A dialling=() # by slug: those that nobody can dial

# county_found COUNT: the county founds, and so many municipalities join, all at once.
county_found() {
	local slug pids=() pid
	mapfile -t towns < <(cut -f 2 "$root/tools/municipalities.tsv" | head -n "$1")
	node "$county" init --name 'Landkreis Meißen' --slug landkreis-meissen --ags 14627 \
		"${node_init_default[@]}" >>"$county.log"
	node_start "$county"
	node "$county" federation create --name 'Landkreis Meißen' >/dev/null
	for slug in "${towns[@]}"; do
		town_init "$slug" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do
		wait "$pid" || return 1
	done
	for slug in "${towns[@]}"; do
		node_start "$work/$slug"
	done
}

# town_init SLUG: a directory with an invitation in it; the daemon joins when it starts.
town_init() {
	local arguments=("${node_init_default[@]}")
	[ -z "${dialling[$1]:-}" ] || arguments=(--dial-only --no-passphrase)
	node "$work/$1" init --join - "${arguments[@]}" >>"$work/$1.log" <<<"$(node_invite "$county" "$1")"
}

# county_dirs: of all nodes, the county's first.
county_dirs() {
	local slug
	printf '%s\n' "$county"
	for slug in "${towns[@]}"; do
		printf '%s\n' "$work/$slug"
	done
}

# node_linked DIR COUNT: it is a member and has links with so many others.
node_linked() {
	[ "$(node_json "$1" '"\(.federation.state) \(.peers.linked)"' status 2>/dev/null)" = "member $2" ]
}

# county_meshed SECONDS: waits until every node is linked with every other, but two that only dial.
county_meshed() {
	local dir count end=$((SECONDS + $1 * patience))
	while IFS= read -r dir; do
		count=${#towns[@]}
		[ -z "${dialling[${dir##*/}]:-}" ] || count=$((count + 1 - ${#dialling[@]}))
		until node_linked "$dir" "$count"; do
			node_alive "$dir" || return 1
			[ "$SECONDS" -lt "$end" ] || return 1
			sleep 0.1
		done
	done < <(county_dirs)
}
