#!/usr/bin/env bash
# A clerk's week: publishing from a pipe and a folder, keeping old versions or not, finding, having it written into a
# folder, and taking back what should not have gone out.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

# code WANTED COMMAND...: the command ends with this exit code; its output is in $work/said.
code() {
	local wanted=$1 got=0
	shift
	"$@" >"$work/said" 2>&1 || got=$?
	[ "$got" = "$wanted" ] || {
		cat -- "$work/said" >&2
		wrong "exit code $got instead of $wanted: $*"
	}
}

says() {
	grep -qF -- "$1" "$work/said" || {
		cat -- "$work/said" >&2
		wrong "nothing is said of \"$1\""
	}
}

holds() {
	[ "$(node_json "$1" .held show "$2" 2>/dev/null)" = true ]
}

two_nodes

say 'from a pipe, and a folder'
printf 'a,b\n1,2\n' | node "$meissen" publish meissen/kita/plaetze - --name plaetze.csv \
	--title 'Freie Kita-Plätze' --keyword Betreuung --tier members >"$work/said"
says 'Held by: meissen (1 copy)'
printf 'a,b\n1,2\n' | node "$meissen" publish meissen/kita/plaetze - --name plaetze.csv >"$work/said"
says unchanged
code 2 node "$meissen" publish meissen/kita/plaetze - </dev/null
says --name
mkdir -p "$work/haltestellen/unten"
printf 'eins\n' >"$work/haltestellen/a.txt"
printf 'zwei\n' >"$work/haltestellen/unten/b.txt"
node "$meissen" publish meissen/haltestellen "$work/haltestellen" --title 'Straßen und Wege' >"$work/said"
says '2 files'

say 'old versions'
for i in 1 2 3 4; do
	printf 'stand %s\n' "$i" >"$work/stand.csv"
	if [ "$i" = 1 ]; then set -- --keep 2; else set --; fi
	node "$meissen" publish meissen/stand "$work/stand.csv" "$@" >/dev/null
done
[ "$(node_json "$meissen" '.versions | map(.version) | join(",")' log meissen/stand)" = 4,3 ] ||
	wrong 'more or less than two versions are kept'
node "$meissen" show meissen/stand >"$work/said"
says 'the newest 2 versions'
code 2 node "$meissen" publish meissen/stand "$work/stand.csv" --keep viele
says 90d
node "$meissen" publish meissen/stand "$work/stand.csv" --keep 90d >"$work/said"
says unchanged
node "$meissen" show meissen/stand >"$work/said"
says '90 days'

say 'finding'
wait_for 30 is_known "$radebeul" meissen/haltestellen 1 || wrong 'the news did not come'
for words in STRASSEN 'wege straße' haltestellen 'Strassen meissen'; do
	# shellcheck disable=SC2086
	[ "$(node_json "$radebeul" '.datasets[0].dataset' search $words)" = meissen/haltestellen ] ||
		wrong "\"$words\" was not found"
done
[ "$(node_json "$radebeul" '.datasets[0].dataset' search kita plaetze)" = meissen/kita/plaetze ] ||
	wrong 'umlauts are not spelled out'
[ "$(node_json "$radebeul" '.datasets[0].dataset' search betreu)" = meissen/kita/plaetze ] ||
	wrong 'a keyword was not found'
[ "$(node_json "$radebeul" .found search straßen kita)" = 0 ] || wrong 'one word is not enough'

say 'copies'
code 5 node "$meissen" publish meissen/kita/plaetze "$work/stand.csv" --copies 2 --timeout 1
says 'only 1 of 2 copies'
[ "$(node_json "$meissen" .version show meissen/kita/plaetze)" = 2 ] || wrong 'it was not published'

say 'written into a folder'
mkdir "$work/daten"
code 2 node "$radebeul" subscribe 'meissen/**' --to daten
says absolute
code 2 node "$radebeul" subscribe 'meissen/**' --to "$work/nirgends"
code 2 node "$radebeul" subscribe 'meissen/**' --to "$radebeul"
node "$radebeul" subscribe 'meissen/**' --to "$work/daten" >/dev/null
is_delivered() { cmp -s "$work/stand.csv" "$work/daten/meissen/kita/plaetze/stand.csv"; }
wait_for 30 is_delivered || wrong 'nothing was written'
wait_for 30 test -e "$work/daten/meissen/haltestellen/unten/b.txt" || wrong 'the second was not written'
diff -r "$work/haltestellen" "$work/daten/meissen/haltestellen" || wrong 'it is not the same'
[ ! -e "$work/daten/meissen/kita/plaetze/plaetze.csv" ] || wrong 'a file of the version before is there'
code 0 node "$meissen" publish meissen/kita/plaetze "$work/stand.csv" --copies 2 --timeout 30
says 'Held by: meissen, radebeul (2 copies)'

say 'never half a version'
for i in 0 1; do
	mkdir "$work/gross-$i"
	for k in $(seq 20); do
		printf 'version %s %s\n' "$i" "$k" >"$work/gross-$i/$k.txt"
	done
done
publish meissen/gross "$work/gross-0" >/dev/null
wait_for 30 test -e "$work/daten/meissen/gross/20.txt" || wrong 'gross was not written'
(
	trap - EXIT
	set +e
	while [ ! -e "$work/enough" ]; do
		# A look counts when the folder is the same before and after, and as it was.
		before=$(stat -c '%i %z' "$work/daten/meissen/gross" 2>/dev/null) || echo "no folder" >>"$work/looks"
		look=$(cat -- "$work/daten/meissen/gross"/*.txt 2>/dev/null | cut -d' ' -f1,2 | sort | uniq -c)
		after=$(stat -c '%i %z' "$work/daten/meissen/gross" 2>/dev/null) || echo "no folder" >>"$work/looks"
		[ "$before" != "$after" ] || printf '%s\n' $look | paste -sd' ' >>"$work/looks"
		ls "$work/daten/meissen" | grep -v '^gross$\|^kita$\|^haltestellen$\|^stand$' >>"$work/strange" || true
	done
) &
helper_pids+=($!)
RANDOM=7
for i in $(seq 12); do
	publish meissen/gross "$work/gross-$((i % 2))" >/dev/null
	sleep "0.$((RANDOM % 9))"
	if [ $((i % 3)) = 0 ]; then
		node_kill "$radebeul"
		node_start "$radebeul"
	fi
done
printf 'ende\n' >"$work/gross-0/ende.txt"
publish meissen/gross "$work/gross-0" >/dev/null
is_newest() { diff -r "$work/gross-0" "$work/daten/meissen/gross" >/dev/null 2>&1; }
wait_for 60 is_newest || wrong 'the last version was not written'
touch "$work/enough"
wait "${helper_pids[-1]}" || true
unset 'helper_pids[-1]'
[ ! -s "$work/strange" ] || wrong "strange folders were seen: $(sort -u "$work/strange")"
if grep -vx '20 version [01]\|1 ende 20 version 0' "$work/looks" >&2; then
	wrong 'half a version was seen'
fi
[ "$(sort -u "$work/looks" | wc -l)" -ge 2 ] || wrong 'nobody has looked'
is_tidy() { [ -z "$(find "$work/daten" -maxdepth 1 -name '.allmende*' ! -name '*.here')" ]; }
wait_for 10 is_tidy || wrong 'something was left behind'

say 'killed in the middle of a large file'
bytes=$((80 * 1000 * 1000))
"$small" && bytes=$((24 * 1000 * 1000))
testdata 9 "$bytes" noise >"$work/luftbild.tif"
publish meissen/luftbild "$work/luftbild.tif" >/dev/null
is_begun() { [ -s "$work/daten/.allmende-radebeul/luftbild.tif" ] || [ -e "$work/daten/meissen/luftbild" ]; }
torn=0
for i in 1 2 3; do
	wait_for 60 is_begun || wrong 'it is not even begun'
	if [ -e "$work/daten/meissen/luftbild" ]; then
		same "$work/luftbild.tif" "$work/daten/meissen/luftbild/luftbild.tif"
		break
	fi
	node_kill "$radebeul"
	[ -e "$work/daten/meissen/luftbild" ] || torn=$((torn + 1))
	node_start "$radebeul"
done
is_whole() { cmp -s "$work/luftbild.tif" "$work/daten/meissen/luftbild/luftbild.tif"; }
wait_for 60 is_whole || wrong 'it was not written in the end'
wait_for 10 is_tidy || wrong 'something was left behind'
say "$torn times"

say 'what others have put there stays'
mkdir -p "$work/daten/meissen/fremd"
printf 'wichtig\n' >"$work/daten/meissen/fremd/notizen.txt"
publish meissen/fremd "$work/stand.csv" >/dev/null
is_failing() { [ "$(node_json "$radebeul" '.subscriptions[0].failing | length' subscriptions)" = 1 ]; }
wait_for 30 is_failing || wrong 'nothing is said of a folder that cannot be replaced'
node "$radebeul" subscriptions >"$work/said" 2>&1
says 'meissen/fremd is not written'
says 'move it away'
node "$radebeul" status >"$work/said" 2>&1
says 'meissen/fremd is not written'
[ "$(cat "$work/daten/meissen/fremd/notizen.txt")" = wichtig ] || wrong 'it is gone'

say 'taking back'
code 1 node "$meissen" withdraw meissen/kita/plaetze --erase --reason 'Namen von Kindern'
says 'radebeul (2 copies)'
says --yes
code 2 node "$meissen" withdraw meissen/kita/plaetze
code 3 node "$radebeul" withdraw meissen/kita/plaetze --reason x --yes
node "$meissen" publish meissen/rest "$work/stand.csv" >/dev/null
wait_for 30 holds "$radebeul" meissen/rest || wrong 'meissen/rest did not arrive'
node_stop "$radebeul"
code 0 node "$meissen" withdraw meissen/kita/plaetze --erase --reason 'Namen von Kindern' --yes
says 'is withdrawn'
code 4 node "$meissen" get meissen/kita/plaetze -o "$work/weg"
says 'withdrawn by Stadt Meißen on '
says 'Namen von Kindern'
code 4 node "$meissen" show meissen/kita/plaetze
says 'Stadt Radebeul'
sleep 2
[ "$(node_json "$meissen" '.outstanding | map(.slug) | join(",")' withdraw meissen/kita/plaetze)" = radebeul ] ||
	wrong 'it is not known who has not answered'
node "$meissen" status >"$work/said" 2>&1
says 'Stadt Radebeul has not confirmed yet that meissen/kita/plaetze is erased'
rm -r "$work/daten/meissen/haltestellen"
node_start "$radebeul"
wait_for 30 test -e "$work/daten/meissen/haltestellen/unten/b.txt" || wrong 'what was deleted was not written again'
all_answered() {
	[ "$(node_json "$meissen" '[(.confirmed | map(.slug) | sort | join(",")), (.outstanding | length)] | map(tostring) | join(" ")' \
		withdraw meissen/kita/plaetze)" = 'meissen,radebeul 0' ]
}
wait_for 60 all_answered || wrong "not all have confirmed: $(node "$meissen" withdraw meissen/kita/plaetze)"
node "$meissen" withdraw meissen/kita/plaetze >"$work/said"
says 'all who were known to hold it have erased it'
code 4 node "$radebeul" log meissen/kita/plaetze
says 'withdrawn by Stadt Meißen'
! node "$radebeul" ls | grep -q meissen/kita || wrong 'it is still listed'
[ ! -e "$work/daten/meissen/kita/plaetze" ] || wrong 'it still stands in the folder'
clean "$radebeul"
[ "$(publish meissen/kita/plaetze "$work/haltestellen/a.txt")" = 3 ] || wrong 'the next number is not the next'
wait_for 60 test -e "$work/daten/meissen/kita/plaetze/a.txt" || wrong 'the new version was not written'
clean "$meissen"

say 'taken back, and later erased'
wait_for 30 holds "$radebeul" meissen/rest || wrong 'meissen/rest is gone'
code 0 node "$meissen" withdraw meissen/rest --reason alt --yes
gone() { ! node "$radebeul" show meissen/rest >/dev/null 2>&1; }
wait_for 30 gone || wrong 'it is still there'
rest=$work/daten/meissen/rest
[ -e "$rest/stand.csv" ] || wrong 'nobody asked to erase it, and it has gone from its folder'
echo 'eine Notiz' >>"$rest/stand.csv"
code 1 node "$meissen" withdraw meissen/rest --erase --reason alt
says 'withdrawn already'
code 0 node "$meissen" withdraw meissen/rest --erase --reason 'doch ganz' --yes
rest_answered() {
	[ "$(node_json "$meissen" '.confirmed | map(.slug) | sort | join(",")' withdraw meissen/rest)" = meissen,radebeul ]
}
stays() { node "$radebeul" status 2>/dev/null | grep -qF "the copy in $rest stays"; }
wait_for 60 stays || wrong 'status does not speak of a copy that was changed'
code 0 node "$radebeul" withdraw meissen/rest
says "Still in      $rest: it is not as this node has written it"
! rest_answered || wrong 'it is confirmed though a copy stands in a folder'
code 4 node "$radebeul" withdraw meissen/kita/plaetze --gone
rm -r "$rest"
code 0 node "$radebeul" withdraw meissen/rest --gone
wait_for 60 rest_answered || wrong "not all have confirmed: $(node "$meissen" withdraw meissen/rest)"

say 'members'
[ "$(node_json "$meissen" '.members | map(.operator) | unique | join(",")' federation members)" = self ] ||
	wrong 'the operator is not shown'
