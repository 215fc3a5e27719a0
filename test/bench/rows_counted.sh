# shellcheck shell=bash disable=SC2034,SC2154
# Sourced by test/bench/run: rows that have no peer to be run beside, which programs of their own measure, once.

# -- records ----------------------------------------------------------------------------------

records_once=true
records_rows=(discovery insync firstsync)
records_peers=()
records_prepare() { :; }

records_allmende() {
	local row what value
	if wanted discovery insync; then
		while IFS=';' read -r row _ what value; do
			sample "${row/in sync/insync}" allmende "$what" "$value"
		done < <(counted 'bytes rounds -' "$build/test/bench/bench-sync" "$records")
	fi
	if wanted firstsync; then
		while IFS=';' read -r _ _ what value; do
			sample firstsync allmende "$what" "$value"
		done < <(counted '- - - cpu_ms memory' "$build/test/bench/bench-first_sync" "$records")
	fi
}

# -- what people ask, with many datasets -------------------------------------------------------

asked_once=true
asked_rows=(asked)
asked_peers=()
asked_prepare() { :; }

asked_allmende() {
	local row what value
	while IFS=';' read -r row _ what value; do
		case $row.$what in
		client-*.p99 | start.p50) sample asked allmende "${row#client-}" "$value" ;;
		anon.p50) sample asked allmende memory "$value" ;;
		esac
	done < <(counted 'p50 p99 -' "$here/queries" --build "$build" --rounds "$rounds" "$datasets")
}
