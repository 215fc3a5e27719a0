#!/usr/bin/env bash
# The catalogue for portals: what is open and here, once each, in three syntaxes and in pages; judged by programs of
# others; never smaller by accident. A county's node has what its towns publish, with their names.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"
. "$root/test/node/portal/lib-dcat.sh"

port=$(port_free)
far_port=$(port_free)
two_nodes
node_stop "$radebeul"
node_stop "$meissen"
base=https://daten.meissen.example
printf 'http = 127.0.0.1:%s\nbase-url = %s\n' "$port" "$base" >>"$meissen/config"
printf 'http = 127.0.0.1:%s\n' "$far_port" >>"$radebeul/config"
node_start "$meissen"
node_start "$radebeul"
here=http://127.0.0.1:$port
far=http://127.0.0.1:$far_port

# get STATUS URL [CURL-ARGUMENT...]: the body is in $work/body, the head in $work/head.
get() {
	local status
	status=$(curl -s --max-time 20 -o "$work/body" -D "$work/head" -w '%{http_code}' "${@:3}" "$2") || true
	[ "$status" = "$1" ] || { printf '%s is answered with %s: ' "$2" "$status" && cat "$work/body" && return 1; } >&2
}
body_has() { grep -qF -- "$1" "$work/body"; }
# datasets URL: how many a page has.
datasets() { curl -sf "$1" | grep -c 'a dcat:Dataset' || true; }
state_is() { [ "$(curl -s --unix-socket "$1/control.sock" http://localhost/feed | jq -r .state)" = "$2" ]; }
feed_has() { [ "$(datasets "$1/catalog.ttl")" = "$2" ]; }

say 'nothing was ever published: an error, and no empty catalogue'
wait_for 20 state_is "$meissen" empty || wrong 'the feed is not empty'
get 503 "$here/catalog.ttl" || wrong 'an empty catalogue is handed out'
grep -qi '^retry-after:' "$work/head" || wrong 'nobody says when to come again'

say 'published: in three syntaxes, by Accept, with a true HEAD'
for i in 1 2 3 4 5 6 7 8 9 10 11; do
	printf 'ort;plaetze\nMeissen;%s\n' "$i" >"$work/kita-$i.csv"
	[ "$(publish "meissen/kita/k$i" "$work/kita-$i.csv" --tier open --title "Kita $i" --description "Plätze der Kita $i" \
		--license dl-by-de/2.0 --keyword Kita --theme EDUC --contact-name Jugendamt --contact-email kita@meissen.example \
		--contributor http://dcat-ap.de/def/contributors/openNRW --level municipality)" = 1 ] || wrong 'not published'
done
[ "$(publish meissen/intern "$work/kita-1.csv" --tier members --title Geheimnis)" = 1 ] || wrong 'not published'
wait_for 30 feed_has "$here" 11 || wrong "the catalogue has $(datasets "$here/catalog.ttl") datasets"
summed() { [ "$(curl -sf "$here/catalog.ttl" | grep -c 'spdx:checksumValue')" = 11 ]; }
wait_for 60 summed || wrong 'not all files have a checksum'
curl -sf "$here/catalog.ttl" | grep -F "$(sha256sum "$work/kita-7.csv" | cut -d' ' -f1)" >/dev/null || wrong 'a checksum is not that of the file'
for syntax in ttl:text/turtle rdf:application/rdf+xml xml:application/rdf+xml jsonld:application/ld+json; do
	get 200 "$here/catalog.${syntax%%:*}" || wrong "no ${syntax%%:*}"
	grep -qi "^content-type: ${syntax#*:}" "$work/head" || wrong "${syntax%%:*} is of another type"
	cp -- "$work/body" "$work/catalog.${syntax%%:*}"
	! body_has Geheimnis || wrong 'what is not open stands in the catalogue'
	body_has "$base/id/" || wrong 'addresses do not begin with base-url'
	! body_has "$here" || wrong 'addresses begin with where the port is'
	length=$(curl -sI "$here/catalog.${syntax%%:*}" | tr -d '\r' | awk 'tolower($1) == "content-length:" { print $2 }')
	[ "$length" = "$(stat -c %s "$work/body")" ] || wrong "HEAD says $length"
	get 200 "$here/catalog" -H "Accept: ${syntax#*:}"
	same "$work/body" "$work/catalog.${syntax%%:*}"
done
etag=$(grep -i '^etag:' "$work/head" | tr -d '\r' | cut -d' ' -f2)
get 304 "$here/catalog.jsonld" -H "If-None-Match: $etag" || wrong 'it is sent again'

say 'judged by others'
dcat_readers "$work/catalog.ttl" "$work/catalog.rdf"
dcat_validate "$here/catalog.ttl" "$here/catalog.rdf" "$here/catalog.jsonld"

say 'pages, and what has changed since'
get 200 "$here/catalog.ttl?page=1" && same "$work/body" "$work/catalog.ttl"
get 404 "$here/catalog.ttl?page=2"
get 410 "$here/catalog.ttl?page=1&of=8"
get 400 "$here/catalog.ttl?page=0"
get 400 "$here/catalog.ttl?seite=1"
get 400 "$here/catalog.ttl?modified_since=yesterday"
get 200 "$here/catalog.ttl?modified_since=2020-01-01" && [ "$(grep -c 'a dcat:Dataset' "$work/body")" = 11 ] || wrong 'not all'
get 200 "$here/catalog.ttl?modified_since=2099-01-01T00:00:00Z" && [ "$(grep -c 'a dcat:Dataset' "$work/body")" = 0 ] || wrong 'too many'

say 'names for life lead to what they name'
uuid=$(jq -r '."@graph"[] | select(."@type" == "dcat:Dataset" and ."dcterms:title"."@value" == "Kita 3") | ."@id"' "$work/catalog.jsonld")
id=$here${uuid#"$base"}
get 303 "$id" && grep -qi "^location: $base/d/meissen/kita/k3" "$work/head" || wrong 'the name leads elsewhere'
get 303 "$id" -H 'Accept: text/turtle' && grep -qi "^location: $base/d/meissen/kita/k3.ttl" "$work/head" || wrong 'not to its Turtle'
file=$(jq -r --arg id "$uuid" '."@graph"[] | select(."@id" == $id) | ."dcat:distribution"."@id"' "$work/catalog.jsonld")
get 303 "$here${file#"$base"}" && grep -qi "^location: $base/d/meissen/kita/k3/files/kita-3.csv" "$work/head" || wrong 'the file is elsewhere'
get 404 "$here/id/00000000-0000-8000-8000-000000000000"
get 200 "$here/d/meissen/kita/k3.ttl" && body_has 'Kita 3' || wrong 'no Turtle of one dataset'
get 200 "$here/d/meissen/kita/k3" -H 'Accept: text/turtle' && grep -qi '^content-type: text/turtle' "$work/head" || wrong 'no Turtle by Accept'
get 303 "$here/id/org/meissen" && grep -qi "^location: $base/d/meissen" "$work/head" || wrong 'the publisher leads nowhere'
get 200 "$here/catalog.ttl" && [ "$(grep -c 'a dcat:DataService' "$work/body")" = 4 ] || wrong 'the services are not named'
for name in ogc wfs ckan api; do
	get 303 "$here/id/service/$name" && to=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ll]ocation: //p') && get 200 "$here${to#"$base"}" ||
		wrong "the service $name is not there"
done
get 404 "$here/d/meissen/intern.ttl"
cp -- "$work/body" "$work/absent"
get 404 "$here/d/meissen/nothing.ttl" && same "$work/body" "$work/absent"

say 'a new version keeps the name; a county hands on what it holds, with the names of the town'
printf 'ort;plaetze\nMeissen;33\n' >"$work/kita-3.csv"
[ "$(publish meissen/kita/k3 "$work/kita-3.csv")" = 2 ] || wrong 'no version 2'
has_version() { curl -sf "$here/d/meissen/kita/k3.jsonld" | grep -F '"dcat:version": "2"' >/dev/null; }
wait_for 20 has_version || wrong 'version 2 is not described'
curl -sf "$here/d/meissen/kita/k3.jsonld" | grep -F "$uuid" >/dev/null || wrong 'the new version has another name'
wait_for 20 state_is "$radebeul" empty || wrong 'Radebeul hands out what it does not hold'
node "$radebeul" subscribe 'meissen/**' >/dev/null
wait_for 60 feed_has "$far" 11 || wrong "Radebeul has $(datasets "$far/catalog.ttl")"
identifier=$(curl -sf "$here/d/meissen/kita/k3.jsonld" | jq -r '."@graph"[] | select(."@type" == "dcat:Dataset") | ."dcterms:identifier"')
curl -sf "$far/catalog.jsonld" | jq -e --arg id "$identifier" '[."@graph"[] | select(."dcterms:identifier" == $id)] | length == 1' >/dev/null ||
	wrong 'it is not there once, with its own identifier'
curl -sf "$far/catalog.ttl" | grep -F 'foaf:name "Stadt Meißen"' >/dev/null || wrong 'the town is not the publisher'

say 'news readers: of all, of an organisation, of a dataset'
# atom URL: entries, and whether it is a feed as RFC 4287 has it.
atom() {
	curl -sf "$1" | python3 -c '
import sys, xml.etree.ElementTree as tree
atom = "{http://www.w3.org/2005/Atom}"
feed = tree.parse(sys.stdin).getroot()
assert feed.tag == atom + "feed"
ids = []
for part in [feed] + feed.findall(atom + "entry"):
    for name in ("id", "title", "updated"):
        assert len(part.findall(atom + name)) == 1 and part.find(atom + name).text, name
    ids.append(part.find(atom + "id").text)
assert feed.find(atom + "author/" + atom + "name").text
assert len(set(ids)) == len(ids) and all(i.startswith(sys.argv[1]) for i in ids), ids
print(len(ids) - 1)
' "$base"
}
[ "$(atom "$here/feed.atom")" = 11 ] || wrong 'the feed of all is another'
[ "$(atom "$here/d/meissen/feed.atom")" = 11 ] || wrong 'the feed of Meissen is another'
[ "$(atom "$here/d/meissen/kita/k3/feed.atom")" = 2 ] || wrong 'the feed of a dataset is another'
get 404 "$here/d/meissen/intern/feed.atom" && get 404 "$here/d/radebeul/feed.atom" || wrong 'a feed of what is not there'
get 200 "$here/feed.atom" && ! body_has Geheimnis || wrong 'what is not open is told'
etag=$(grep -i '^etag:' "$work/head" | tr -d '\r' | cut -d' ' -f2)
get 304 "$here/feed.atom" -H "If-None-Match: $etag" || wrong 'it is sent again'

say 'one of eleven may go; what is more than a tenth has to be confirmed'
node "$meissen" withdraw meissen/kita/k1 --reason 'a mistake' --yes >/dev/null
wait_for 20 feed_has "$here" 10 || wrong 'it is still there'
node "$meissen" withdraw meissen/kita/k2 --reason 'a mistake' --yes >/dev/null
wait_for 20 state_is "$meissen" refused || wrong 'it is not held back'
get 503 "$here/catalog.ttl" && body_has '2 of 11' || wrong 'the sentence is another'
get 503 "$here/catalog.rdf?page=1" || wrong 'a page is handed out'
get 503 "$here/catalog.jsonld?modified_since=2020-01-01" || wrong 'a part is handed out'
node "$meissen" --json status | jq -e '[.actions[] | select(.topic == "feed" and .severity == "critical")] | length == 1' >/dev/null ||
	wrong 'status says nothing'
node "$meissen" feed >"$work/out" && grep -qF 'it would lose 2, and have 9' "$work/out" || wrong "feed says $(cat "$work/out")"

say 'after a restart, and without what is derived, it is still held back'
node_stop "$meissen"
rm -rf -- "$meissen/derived"
node_start "$meissen"
wait_for 30 state_is "$meissen" refused || wrong 'it is forgotten'
get 503 "$here/catalog.ttl" || wrong 'it is handed out'
node "$meissen" feed confirm >/dev/null
wait_for 20 feed_has "$here" 9 || wrong 'it is not handed out'
status=0
node "$meissen" feed confirm >"$work/out" 2>&1 || status=$?
[ "$status" = 1 ] && grep -qF 'nothing of the catalogue is held back' "$work/out" || wrong "confirmed twice: $(cat "$work/out")"

say 'a restart hands out the same again; never less on the way'
curl -sf "$here/catalog.ttl" >"$work/before"
node_stop "$meissen"
node_start "$meissen"
never_less() {
	local count
	get 503 "$here/catalog.ttl" 2>/dev/null && return 1
	count=$(datasets "$here/catalog.ttl")
	[ "$count" = 9 ] || wrong "$count datasets were handed out"
}
wait_for 30 never_less || wrong 'it does not come back'
curl -sf "$here/catalog.ttl" | cmp - "$work/before" || wrong 'it is another one'
dd if=/dev/urandom of="$work/noise" bs=100 count=1 status=none
node_stop "$meissen"
cp -- "$work/noise" "$meissen/feed.state"
node_start "$meissen"
wait_for 30 state_is "$meissen" refused || wrong 'a damaged file is believed'
node "$meissen" feed >"$work/out" && grep -qF 'cannot be read any more' "$work/out" || wrong "feed says $(cat "$work/out")"
node "$meissen" feed confirm >/dev/null
wait_for 20 feed_has "$here" 9 || wrong 'it is not handed out'

say 'what is not open any more goes at once, and is never shown in a part'
[ "$(publish meissen/kita/k4 "$work/kita-4.csv" --tier members --allow-shrink)" = 2 ] || wrong 'not narrowed'
wait_for 20 state_is "$meissen" refused || wrong 'it is not held back'
get 404 "$here/d/meissen/kita/k4.ttl" || wrong 'it is still described'

clean "$meissen"
clean "$radebeul"
