#!/usr/bin/env bash
# Whoever takes the disk of a node with a passphrase finds nothing: no 16 bytes of a text for members, no name
# of its files, no key. What is open is found: the scanner can see.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

printf 'Elbe Wein Porzellan Spargel\n' >"$work/passphrase"
# shellcheck disable=SC2034
node_arguments=(--passphrase-file "$work/passphrase")
two_nodes --passphrase-file "$work/passphrase"

testdata 16 1000000 words >"$work/Vertrauliche Liste der Bauvorhaben.txt"
title='Entwurf: noch nicht beschlossene Vorhaben'
publish meissen/bau/vorhaben "$work/Vertrauliche Liste der Bauvorhaben.txt" --tier members \
	--title "$title" --description 'Nur für die Mitglieder des Verbunds bestimmt' >/dev/null
testdata 17 100000 words >"$work/open.txt"
publish meissen/bau/offen "$work/open.txt" --tier open --title 'Freie Grundstücke in der Altstadt' >/dev/null
publish meissen/kita/warteliste "$work/Vertrauliche Liste der Bauvorhaben.txt" --tier granted --title 'Warteliste der Kindertagesstätten' >/dev/null
node "$meissen" grant meissen/kita --to radebeul --rights read >/dev/null || wrong 'no grant'
get_same meissen/kita/warteliste@1 "$work/Vertrauliche Liste der Bauvorhaben.txt"
get_same meissen/bau/vorhaben@1 "$work/Vertrauliche Liste der Bauvorhaben.txt"
get_same meissen/bau/offen@1 "$work/open.txt"

say 'what is hidden is called by its name, where it may be read'
hidden='meissen/personal/umsetzung-hauptamt'
node "$meissen" publish "$hidden" "$work/Vertrauliche Liste der Bauvorhaben.txt" --tier hidden --title 'Umsetzungen im Hauptamt' >"$work/told"
grep -q 'What others learn of a hidden dataset' "$work/told" || wrong 'who hides something is not told what others learn'
counts_hidden() { node_json "$radebeul" 'select(.datasets.hidden == 1) | .datasets.known' status >/dev/null 2>&1; }
wait_for 60 counts_hidden || wrong 'status does not count what is hidden'
! node "$radebeul" ls | grep -e '~' -e umsetzung || wrong 'a hidden dataset is listed to who may not read it'
node "$meissen" grant "$hidden" --to radebeul --rights read >/dev/null || wrong 'no grant for what is hidden'
node "$meissen" grants | grep -q "$hidden" || wrong 'the grant does not say the name'
lists_hidden() { node "$radebeul" ls meissen/personal | grep -q "$hidden"; }
wait_for 60 lists_hidden || wrong 'a reader does not see its name'
finds_hidden() { node "$radebeul" search umsetzung | grep -q "$hidden"; }
wait_for 60 finds_hidden || wrong 'a reader does not find it'
node "$radebeul" show "$hidden" | grep -q '^Kept as:* *meissen/~' || wrong 'nobody says under which path it is kept'
node "$radebeul" subscribe "$hidden" >/dev/null || wrong 'it cannot be subscribed'
node "$radebeul" subscriptions | grep -q "$hidden" || wrong 'the subscription does not say the name'
get_same "$hidden@1" "$work/Vertrauliche Liste der Bauvorhaben.txt"

# What must not be found besides the text itself and the keys.
printf '%s' "$title" >"$work/title"
printf '%s' 'Warteliste der Kindertagesstätten' >"$work/granted-title"
printf '%s' 'Nur für die Mitglieder des Verbunds bestimmt' >"$work/description"
printf '%s' 'Vertrauliche Liste der Bauvorhaben.txt' >"$work/filename"
printf '%s' 'Freie Grundstücke in der Altstadt' >"$work/open-title"
printf '%s' "${hidden#meissen/}" >"$work/hidden-name"
printf '%s' 'Umsetzungen im Hauptamt' >"$work/hidden-title"

for town in "$meissen" "$radebeul"; do
	say "a copy of ${town##*/}, taken while it runs"
	mkdir "$town.copy"
	cp -r -- "$town/keys" "$town/data.mdb" "$town.copy/"
	"$helpers/scan" "$town.copy" "$work/passphrase" "$work/Vertrauliche Liste der Bauvorhaben.txt" \
		"$work/open.txt" "$work/title" "$work/granted-title" "$work/description" "$work/filename" "$work/hidden-name" "$work/hidden-title" "+$work/open-title" ||
		wrong "something can be read in a copy of ${town##*/}"
done

say 'no log names it'
for log in "$work"/*.log; do
	! grep -q -e "${hidden#meissen/}" -e 'Umsetzungen' "$log" || wrong "$log names what is hidden"
done

say 'the scanner finds a planted key'
head -c 40 "$work/Vertrauliche Liste der Bauvorhaben.txt" | tail -c 24 >"$meissen.copy/planted"
if "$helpers/scan" "$meissen.copy" "$work/passphrase" "$work/Vertrauliche Liste der Bauvorhaben.txt" >"$work/planted.out"; then
	wrong 'the scanner missed what was planted'
fi
grep -q 'FOUND: .*planted' "$work/planted.out" || wrong 'the scanner found something else'

say 'without the passphrase the node does not start'
node_stop "$radebeul"
echo 'wrong' >"$work/wrong"
if bounded 60 "$allmended" -d "$radebeul" --passphrase-file "$work/wrong" >"$work/wrong.out" 2>&1; then
	wrong 'a node started with a wrong passphrase'
fi
