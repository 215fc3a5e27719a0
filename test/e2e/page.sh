#!/usr/bin/env bash
# The pages for people, as they come without a script: found, read, in both languages, and nothing foreign in them acts.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

node_init "$meissen" meissen --listen 127.0.0.1:0 --http 127.0.0.1:0 --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
base=http://$(node_json "$meissen" .node.http status)

# page PATH [LANGUAGE]: into $work/page, as a browser asks.
page() {
	status=$(curl -s -o "$work/page" -D "$work/head" -w '%{http_code}' --max-time 20 -H 'Accept: text/html,*/*;q=0.8' \
		-H "Accept-Language: ${2:-de}" -- "$base$1")
}
has() {
	grep -qF -- "$1" "$work/page" || wrong "the page has no \"$1\": $(tr -d '\n' <"$work/page" | tail -c 3000)"
}
has_not() {
	! grep -qF -- "$1" "$work/page" || wrong "the page has \"$1\""
}

printf 'Ort;Plätze;Text\n' >"$work/t.csv"
for ((i = 1; i <= 120; i++)); do printf 'Ort %d;%d;<script>alert(%d)</script>\n' "$i" "$i" "$i"; done >>"$work/t.csv"
publish meissen/kita/plaetze "$work/t.csv" --tier open --title 'Plätze <script>alert(1)</script> "&' \
	--description '=HYPERLINK("http://x") <img src=x onerror=alert(1)>. Mehr.' --theme EDUC --license dl-by-de/2.0 --attribution Meißen >/dev/null
printf 'a;b\n1;2\n' >"$work/geheim.csv"
publish meissen/intern/geheim "$work/geheim.csv" --tier members --title 'Interne Baustellen' --theme TRAN >/dev/null
printf 'a;b\n1;2\n' >"$work/offen.csv"
for ((i = 1; i <= 55; i++)); do
	publish "meissen/bau/stelle$i" "$work/offen.csv" --tier open --title "Baustelle $i" --theme TRAN >/dev/null
done
listed() { page / && [ "$status" = 200 ] && grep -qF '56 Datensätze' "$work/page"; }
wait_for 60 listed || wrong "the catalogue says: $(grep -o '<h2>.*</h2>' "$work/page")"

say 'the catalogue: found, filtered, turned over'
has '<html lang="de">'
has_not 'Interne Baustellen'
has '1 bis 50 von 56'
has 'value="TRAN"'
page '/?seite=2' && has '51 bis 56 von 56'
page '/?q=baustele' && has '55 Datensätze' # one letter is missing
page '/?thema=EDUC' && has '1 Datensatz' && has 'checked'
has 'Plätze &lt;script&gt;alert(1)&lt;/script&gt; &quot;&amp;'
has_not '<script>'
has_not '<img'
page '/?ort=meissen&thema=EDUC&alter=tag' && has '1 Datensatz'
page '/?q=xyzzy' && has 'Kein Treffer'
page '/?sort=titel' && has 'Neueste zuerst'
page / en && has '56 datasets' && has '<html lang="en">' && has_not 'Datens'
page '/?alter=gestern' && [ "$status" = 400 ] || wrong "an age that is none is answered with $status"
page '/?farbe=rot' && [ "$status" = 400 ] || wrong "a filter that is none is answered with $status"
page /d/meissen && [ "$status" = 303 ] || wrong "an organisation is answered with $status"

say 'a dataset: its rows, its files, and who may read it'
page /d/meissen/kita/plaetze
has 'Zeilen 1 bis 50'
has '<td dir="auto">&lt;script&gt;alert(50)&lt;/script&gt;</td>'
has_not '<script>'
has '/d/meissen/kita/plaetze/files/t.csv'
has 'Alle, ohne Ende'
has 'Datenlizenz Deutschland'
page '/d/meissen/kita/plaetze?zeile=101' && has 'Zeilen 101 bis 120' && has 'alert(120)' && has_not 'alert(100)'
page '/d/meissen/kita/plaetze?zeile=500' && has 'Keine weiteren Zeilen'
page /d/meissen/kita/plaetze en && has 'Rows 1 to 50' && has_not 'Zeilen'

say 'on a map: places as dots, areas by their outlines; and the features as a table'
cat >"$work/orte.geojson" <<'JSON'
{"type": "FeatureCollection", "features": [
{"type": "Feature", "properties": {"name": "<svg onload=alert(1)>"}, "geometry": {"type": "Point", "coordinates": [13.47, 51.16]}},
{"type": "Feature", "properties": {"name": "Radebeul"}, "geometry": {"type": "Point", "coordinates": [13.66, 51.10]}},
{"type": "Feature", "properties": {"name": "Kreis"}, "geometry": {"type": "Polygon", "coordinates": [[[13.1, 51.0], [13.9, 51.0], [13.9, 51.4], [13.1, 51.0]]]}},
{"type": "Feature", "properties": {"name": "ohne Ort"}, "geometry": null}]}
JSON
publish meissen/karte/orte "$work/orte.geojson" --tier open --title Orte --theme TRAN >/dev/null
drawn() { page /d/meissen/karte/orte && grep -qF 'Karte mit 3 Orten' "$work/page"; }
wait_for 60 drawn || wrong "no map is drawn: $(tr -d '\n' <"$work/page" | tail -c 2000)"
[ "$(grep -o 'class="dots" d="[^"]*"' "$work/page" | grep -o h0 | wc -l)" = 2 ] || wrong 'the map has not two dots'
[[ "$(grep -o 'class="area"[^/]*/' "$work/page")" =~ M[0-9]+\ [0-9]+(L[0-9]+\ [0-9]+)+Z ]] || wrong 'the map has no outline'
has '&lt;svg onload=alert(1)&gt;'
has_not '<svg onload'
has 'Zeilen 1 bis 4'

say 'what may not be seen is answered as what never was'
page /d/meissen/intern/geheim && [ "$status" = 404 ] && has 'Nicht gefunden'
sed 's/geheim/nirgends/g' "$work/page" >"$work/hidden"
page /d/meissen/intern/nirgends && [ "$status" = 404 ] || wrong "what never was is answered with $status"
same "$work/hidden" "$work/page"

say 'nothing is loaded from elsewhere, and nothing runs'
page /
! grep -oE '(href|src)="[a-z]+:' "$work/page" | grep -v 'href="data:' || wrong 'an address of another host'
policy=$(tr -d '\r' <"$work/head" | sed -n 's/^[Cc]ontent-[Ss]ecurity-[Pp]olicy: //p')
[[ "$policy" == *"default-src 'none'"* && "$policy" != *unsafe* ]] || wrong "the policy is $policy"
links=$(sed -n '/<footer/,$p' "$work/page" | grep -o 'href="[^"]*"' | cut -d '"' -f 2)
[ "$(wc -w <<<"$links")" -ge 4 ] || wrong "the foot of the page has the links $links"
for link in $links; do
	page "$link" && [ "$status" = 200 ] || wrong "$link, at the foot of the page, is answered with $status"
done
page /
style=$(grep -o '/assets/style.css?v=[0-9a-f]*' "$work/page")
page "$style" && [ "$status" = 200 ] || wrong "$style is answered with $status"
grep -qi '^cache-control:.*immutable' "$work/head" || wrong 'the style sheet is not kept'
page '/assets/de.mo' && [ "$status" = 404 ] || wrong "what is no asset is answered with $status"
clean "$meissen"
