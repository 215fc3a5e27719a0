#!/usr/bin/env bash
# hostile.sh SOURCE-ROOT BUILD-ROOT ATTACK...: one bad member does not matter. Three honest daemons, of which Meißen is
# attacked; for each ATTACK a member of its own that does it (test/hostile). An honest user measures before, meanwhile
# and afterwards. ALLMENDE_HOSTILE_SECONDS: how long each attack lasts; ALLMENDE_HOSTILE_TABLE: a file for the figures.
# shellcheck source=test/e2e/lib.sh
. "$1/test/e2e/lib.sh" "$1" "$2"
shift 2
attacks=("$@")
hostile=$build/test/hostile
seconds=${ALLMENDE_HOSTILE_SECONDS:-2}
riesa=$work/riesa
honest=("$meissen" "$radebeul" "$riesa")

# What an answer may take: 50 ms a turn, of which a publication has four, and to be seen elsewhere one more; or twice
# what it took before. Memory, copies and connections as they are meant to be bounded.
trip_ms=50
# Where a second build or test runs beside it, as in tools/check, the scheduler alone may take that and more: eight times as
# much is still far below what one bad member cost before. ALLMENDE_HOSTILE_ALONE=1 says that nothing else runs.
[ -n "${ALLMENDE_HOSTILE_ALONE:-}" ] || trip_ms=400
rss_kib_max=$((256 * 1024))
recover_s=30

faults=0
fault() {
	printf 'WRONG: %s: %s\n' "$attack" "$*" >&2
	faults=$((faults + 1))
}

# ---- the stage ----

declare -A foe=() slug=() address=()
towns=(strehla lommatzsch nossen groeditz coswig radeburg zeithain glaubitz)

address_of() { sed -n 's/^listen = //p' "$1/config"; }

# foe_make ATTACK SLUG: its member, who has been here a moment and knows what there is.
foe_make() {
	local dir=$work/foe-$1 invitation
	invitation=$(node_invite "$meissen" "$2")
	node "$dir" init --join - --listen 127.0.0.1:0 --no-passphrase >>"$dir.log" <<<"$invitation"
}

knows_all() { [ "$(node_json "$1" '[.members[] | select(.completeness != "complete")] | length' federation members)" = 0 ]; }

honest_join() {
	node_join "$1" "$(node_invite "$meissen" "${1##*/}")" --listen "127.0.0.1:$(port_free)" --no-passphrase ||
		wrong "$1 did not join"
}

stage() {
	local dir n=0 attack
	node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" --no-passphrase
	echo 'size-limit = 64M' >>"$meissen/config"
	node_start "$meissen"
	node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
	honest_join "$radebeul"
	echo 'Ein Plan' >"$work/plan"
	publish meissen/plan "$work/plan" --tier members >/dev/null
	publish meissen/alt "$work/plan" --tier members >/dev/null
	echo 'Ein neuer Plan' >"$work/plan"
	publish meissen/alt "$work/plan" >/dev/null
	publish meissen/akten/eins "$work/plan" --tier granted >/dev/null
	for attack in "${attacks[@]}"; do
		foe[$attack]=$work/foe-$attack
		slug[$attack]=${towns[n++]}
		foe_make "$attack" "${slug[$attack]}"
		node_start "${foe[$attack]}"
	done
	for attack in "${attacks[@]}"; do
		wait_for 30 node_is_member "${foe[$attack]}" || wrong "the foe of $attack did not join"
		[ "$attack" != lines ] || node "$meissen" grant meissen/akten --to "${slug[$attack]}" --rights read --depth 2 >/dev/null
	done
	honest_join "$riesa" # the foes' numbers lie between those of the honest
	for dir in "${foe[@]}" "${honest[@]}"; do
		wait_for 30 knows_all "$dir" || wrong "$dir does not know all"
	done
	for dir in "${foe[@]}"; do
		node_stop "$dir"
	done
	for dir in "${honest[@]}"; do
		address[$dir]=$(address_of "$dir")
	done
}

# ---- looking ----

# links DIR: since when each of the other honest is linked here.
links() { node "$1" --json peers | jq -r '.peers[] | select(.slug == ("meissen", "radebeul", "riesa")) | "\(.slug) \(.linked) \(.since_ms)"' | sort; }

# honest_fine DIR: the honest are complete here.
honest_fine() {
	[ "$(node_json "$1" '[.members[] | select((.slug == ("meissen", "radebeul", "riesa")) and .completeness != "complete")] | length' \
		federation members 2>/dev/null)" = 0 ]
}
all_fine() {
	local dir
	for dir in "${honest[@]}"; do
		honest_fine "$dir" || return 1
		[ "$(links "$dir" | grep -c true)" = 2 ] || return 1
	done
}

probe() { bounded $((90 + $1)) "$hostile/probe" "$meissen" "$radebeul" "${node_pid[$meissen]}" meissen "$1"; }
value() { jq -r "$2" <<<"$1"; }

# slow WHAT TRIPS: whether it took longer than it may.
slow() {
	jq -en --argjson before "$before" --argjson now "$during" --arg what "$1" --argjson floor $((trip_ms * $2 * patience)) \
		'$now[$what].p99 > ([2 * $before[$what].p99, $floor] | max)' >/dev/null
}

judge() {
	local what trips
	while read -r what trips; do
		slow "$what" "$trips" &&
			fault "$what takes $(value "$during" ".$what.p99") ms (p99), before $(value "$before" ".$what.p99") ms"
	done <<<$'query 1\npublish 4\nseen 5'
	[ "$(value "$during" .failures)" = 0 ] || fault "$(value "$during" .failures) own publications failed or were not seen"
	# Sanitizers have memory of their own.
	"$small" || [ "$(value "$during" .rss_kib)" -lt "$rss_kib_max" ] || fault "memory: $(value "$during" .rss_kib) KiB"
	[ "$(node_json "$meissen" '.store.percent' status)" -lt 100 ] ||
		fault "the store is at $(node_json "$meissen" .store.percent status) % of its limit"
}

row() {
	printf '%-19s | %5s %6s | %5s %6s | %5s %6s | %6s | %3s%% | %8s %s | %s\n' "$attack" \
		"$(value "$before" .query.p99)" "$(value "$during" .query.p99)" \
		"$(value "$before" .publish.p99)" "$(value "$during" .publish.p99)" \
		"$(value "$before" .seen.p99)" "$(value "$during" .seen.p99)" \
		"$(($(value "$during" .rss_kib) / 1024))" "$(node_json "$meissen" .store.percent status)" \
		"$(value "$said" .blows)" "$status" "$(value "$said" '.closed | tostring')" |
		tee -a "${ALLMENDE_HOSTILE_TABLE:-/dev/null}"
}

# ---- one attack ----

# strike LABEL WORD [ARGUMENT...]: it happens, and the honest user looks. What is particular: prepare_LABEL, hook_LABEL
# meanwhile, after_LABEL.
strike() {
	local name=${1//-/_} word=$2 linked_before probe_pid hooked=false lasting=$((seconds + 1)) dir
	attack=$1
	shift 2
	say "$attack"
	before=$(probe 1)
	if is_function "prepare_$name"; then "prepare_$name"; fi
	if is_function "hook_$name"; then
		hooked=true
		lasting=$((seconds + 6))
	fi
	linked_before=$(all_links)
	# It has a machine of its own, elsewhere: here it is to take what the daemons leave.
	bounded $((seconds + 60)) nice -n 10 "$hostile/hostile" "${foe[$attack]}" "${address[$meissen]}" "$word" "$@" \
		--seconds "$lasting" >"$work/said" &
	hostile_pid=$!
	sleep 1
	probe "$seconds" >"$work/during" &
	probe_pid=$!
	if "$hooked"; then "hook_$name" || true; fi
	wait "$probe_pid" || fault 'the honest user came to no end'
	status=0
	wait "$hostile_pid" || status=$?
	for dir in "${honest[@]}"; do
		node_alive "$dir" || wrong "$attack: the daemon in $dir has ended"
	done
	during=$(cat "$work/during") said=$(cat "$work/said")
	[ "$status" != 2 ] || fault 'it could not begin'
	[ "$status" != 3 ] || stopped_rightly "$attack" || fault 'it was stopped before it could do anything'
	row
	judge
	wait_for "$recover_s" all_fine || fault "not normal $recover_s s later: $(links "$meissen" | tr '\n' ' ')"
	"$hooked" || unbroken "$linked_before" ||
		fault "links between the honest were broken: $linked_before became $(all_links)"
	if is_function "after_$name"; then "after_$name"; fi
}
is_function() { [ "$(type -t "$1")" = function ]; }
all_links() {
	local dir
	for dir in "${honest[@]}"; do
		links "$dir"
	done | tr '\n' ' '
}
# unbroken BEFORE: the same links as then; when they began is known to the millisecond or so.
unbroken() {
	jq -en --arg before "$1" --arg now "$(all_links)" '[$before, $now] | map(split(" ") | map(tonumber? // .)) | transpose |
		all(.[0] == .[1] or (((.[0] - .[1]) | fabs) < 100))' >/dev/null 2>&1
}

# Where being stopped is what should happen.
stopped_rightly() { [[ $1 =~ ^(contacts|places|silent-guests|half-open|orglog-flood|big-answers|own-records)$ ]]; }

# ---- what is particular ----

# Riesa has not heard all of it, and compares with Meißen, which has; also when the foe is gone.
after_records_one_bucket() {
	local now
	now=$(all_links)
	sleep 5
	unbroken "$now" || fault "links between the honest break again and again: $now became $(all_links)"
}

# A repair that takes its turn: an author who has deleted records.
hook_heads_without_sets() {
	local begin=$SECONDS n
	for n in 1 2 3; do
		echo "Stand $n" >"$work/stand"
		node "$riesa" publish riesa/stand "$work/stand" --tier members --keep 1 >/dev/null
	done
	sleep 0.5
	wait_for "$recover_s" honest_fine "$meissen" || fault "Riesa is not complete after $((SECONDS - begin)) s"
	say "Riesa was complete after $((SECONDS - begin)) s"
}

# The foe has two versions that are deleted now.
prepare_own_records() {
	echo 'Der letzte Plan' >"$work/plan"
	publish meissen/alt "$work/plan" --keep 1 >/dev/null
}
after_own_records() {
	[ "$(node_json "$meissen" '[.versions[].version] | tostring' log meissen/alt)" = '[3]' ] ||
		fault "deleted versions have come back: $(node_json "$meissen" '[.versions[].version] | tostring' log meissen/alt)"
}

after_claims() {
	node "$meissen" --json show meissen/plan | jq -e --arg slug "${slug[$attack]}" '[.holders[] | select(.slug == $slug and .proved)] == []' >/dev/null ||
		fault "${slug[$attack]} is counted as a copy of what it has not got"
}

prepare_lines() { own_records=$(own_live); }
own_live() { node_json "$meissen" '.members[] | select(.self) | .records' federation members; }
after_lines() {
	local more=$(($(own_live) - own_records))
	[ "$more" -lt 1000 ] || fault "the owner has $more more records"
}

after_contacts() {
	[ "$(value "$said" .blows)" -lt $((20 * (seconds + 1))) ] || fault "$(value "$said" .blows) connections to the target"
}

# meanwhile WHAT: it was so while the attack went on.
meanwhile() { kill -0 "$hostile_pid" 2>/dev/null || fault "$1 only when it is over"; }

# A node that comes back finds room.
hook_places() {
	sleep 1
	node_stop "$riesa"
	node_start "$riesa"
	wait_for "$lasting" linked_to_meissen || fault 'an honest node finds no place'
	meanwhile 'an honest node finds a place'
}
linked_to_meissen() { links "$riesa" | grep -q 'meissen true'; }

# newcomer SLUG: one with an invitation is let in, though nobody can dial it.
newcomer() {
	local dir=$work/$1
	node_join "$dir" "$(node_invite "$meissen" "$1")" --dial-only --no-passphrase || fault 'a newcomer is kept out'
	meanwhile 'a newcomer is let in'
	node_stop "$dir"
}
hook_half_open() { newcomer weinboehla; }
hook_silent_guests() { newcomer moritzburg; }

stage
printf 'attack              | query ms      | publish ms    | seen ms       | MiB    | store | blows exit | closed\n' |
	tee -a "${ALLMENDE_HOSTILE_TABLE:-/dev/null}"
for attack in "${attacks[@]}"; do
	case $attack in
	records-flood) strike "$attack" "$attack" --size 300 ;;
	records-large) strike "$attack" records-flood --size 60000 ;;
	own-records) strike "$attack" "$attack" meissen ;;
	lines) strike "$attack" "$attack" riesa ;;
	records-one-bucket) strike "$attack" "$attack" "${address[$riesa]}" ;;
	places) strike "$attack" "$attack" --wanted 250 ;;
	silent-guests) strike "$attack" "$attack" --wanted 32 ;;
	half-open) strike "$attack" "$attack" --wanted 24 ;;
	*) strike "$attack" "$attack" ;;
	esac
done
[ "$faults" = 0 ] || exit 1
