#!/usr/bin/env bash
# What one town publishes is at the other town what it was, to the byte: empty, large, many, oddly
# named, in seven versions, and read without a subscription.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

two_nodes

say 'an empty file'
: >"$work/leer.csv"
version=$(publish meissen/leer "$work/leer.csv" --allow-shrink --tier open)
get_same "meissen/leer@$version" "$work/leer.csv"

say 'seven versions, each by its number'
days=("${ALLMENDE_SHARED:-$root/../shared}"/data/rki-inzidenz/*.csv)
if [ "${#days[@]}" -ne 7 ]; then
	"$root/tools/demo-data" "$work/tables"
	days=("$work"/tables/rki-inzidenz/*.csv)
fi
for day in "${days[@]}"; do
	publish meissen/inzidenz "$day" --tier open >/dev/null
done
for number in 7 1 2 3 4 5 6; do
	get_same "meissen/inzidenz@$number" "${days[$((number - 1))]}"
done

say 'the same input once more makes no version'
[ "$(node_json "$meissen" '"\(.unchanged) \(.version)"' publish meissen/inzidenz "${days[6]}")" = 'true 7' ] ||
	wrong 'an identical publication made a version'

say 'names with umlauts and blanks'
mkdir -p "$work/namen/Straßen und Wege"
echo 'Fähre' >"$work/namen/Übersicht der Fähren (Elbe).txt"
echo 'Weg' >"$work/namen/Straßen und Wege/Niederauer Straße — 2026.txt"
echo 'quote' >"$work/namen/it's \"50%\" & more?#.csv"
version=$(publish meissen/namen "$work/namen" --tier members)
get_same "meissen/namen@$version" "$work/namen"

say 'a thousand files in one dataset'
mkdir "$work/tausend"
for ((i = 0; i < 1000; i++)); do
	printf 'Blatt %d\n%*s\n' "$i" $((i * 37 % 4000)) '' >"$work/tausend/blatt-$i.txt"
done
version=$(publish meissen/tausend "$work/tausend" --tier open)
get_same "meissen/tausend@$version" "$work/tausend"

say 'a large file'
bytes=$((300 * 1000 * 1000 + 7))
"$small" && bytes=$((24 * 1000 * 1000 + 7))
testdata 300 "$bytes" mixed >"$work/gross.bin"
version=$(publish meissen/gross "$work/gross.bin" --tier members)
get_same "meissen/gross@$version" "$work/gross.bin"

say 'nothing of it was asked for before: get fetched each of them first; now they stay'
[ "$(node_json "$radebeul" '[.datasets[] | select(.held | not)] | length | tostring' ls)" = 0 ] ||
	wrong 'a dataset that was read is not held'
clean "$meissen"
clean "$radebeul"
