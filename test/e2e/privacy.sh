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

# What must not be found besides the text itself and the keys.
printf '%s' "$title" >"$work/title"
printf '%s' 'Warteliste der Kindertagesstätten' >"$work/granted-title"
printf '%s' 'Nur für die Mitglieder des Verbunds bestimmt' >"$work/description"
printf '%s' 'Vertrauliche Liste der Bauvorhaben.txt' >"$work/filename"
printf '%s' 'Freie Grundstücke in der Altstadt' >"$work/open-title"

for town in "$meissen" "$radebeul"; do
	say "a copy of ${town##*/}, taken while it runs"
	mkdir "$town.copy"
	cp -r -- "$town/keys" "$town/data.mdb" "$town.copy/"
	"$helpers/scan" "$town.copy" "$work/passphrase" "$work/Vertrauliche Liste der Bauvorhaben.txt" \
		"$work/open.txt" "$work/title" "$work/granted-title" "$work/description" "$work/filename" "+$work/open-title" ||
		wrong "something can be read in a copy of ${town##*/}"
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
