#!/usr/bin/env bash
# The pages in a real browser (Debian: chromium; playwright-core, axe-core and html-validate from npm): found, read and downloaded
# without a script, walked by keyboard, without a fault of access, valid. Without them it says so, and is skipped.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

here=$root/test/e2e/browser
skip() {
	echo "skipped: $1"
	exit 77
}
[ -x /usr/bin/chromium ] || skip 'chromium is not installed'
command -v npm >/dev/null || skip 'npm is not installed'
cp -- "$here/package.json" "$here/walk.mjs" "$work/"
bounded 90 npm install --prefix "$work" --no-audit --no-fund --loglevel=error >"$work/npm" 2>&1 ||
	skip "npm could not get what this needs: $(tail -n 1 "$work/npm")"

node_init "$meissen" meissen --listen 127.0.0.1:0 --http 127.0.0.1:0 --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
base=http://$(node_json "$meissen" .node.http status)
printf 'Ort;Plätze;Text\n' >"$work/t.csv"
for ((i = 1; i <= 120; i++)); do printf 'Ort %d;%d;<script>alert(%d)</script>\n' "$i" "$i" "$i"; done >>"$work/t.csv"
publish meissen/kita/plaetze "$work/t.csv" --tier open --title 'Freie Plätze <img src=x onerror=alert(1)>' \
	--description 'Plätze je Einrichtung, jede Nacht neu.' --theme EDUC --license dl-by-de/2.0 --attribution Meißen >/dev/null
printf 'a;b\n1;2\n' >"$work/a.csv"
for ((i = 1; i <= 55; i++)); do
	publish "meissen/bau/stelle$i" "$work/a.csv" --tier open --title "Baustelle $i" --theme TRAN >/dev/null
done
listed() { [ "$(curl -sS "$base/api/v1/datasets?limit=0" | jq .total)" = 56 ]; }
wait_for 60 listed || wrong 'the list of datasets is not made'

say 'a walk through the pages'
mkdir -p "${ALLMENDE_SHOTS:=$work/shots}"
bounded 200 node "$work/walk.mjs" "$base" "$ALLMENDE_SHOTS" >"$work/said" 2>&1 || wrong "$(head -c 3000 "$work/said")"

say 'the pages are valid'
for path in / '/?q=xyzzy' /d/meissen/kita/plaetze /d/meissen/nirgends '/ogc?f=html'; do
	curl -sS -H 'Accept: text/html' -H 'Accept-Language: de' -- "$base$path" >"$work/page.html"
	bounded 60 "$work/node_modules/.bin/html-validate" --preset standard "$work/page.html" >"$work/said" 2>&1 ||
		wrong "$path: $(head -c 2000 "$work/said")"
done
clean "$meissen"
