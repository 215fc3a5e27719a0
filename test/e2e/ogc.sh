#!/usr/bin/env bash
# /ogc and /wfs as GDAL, OWSLib, QGIS and checkers read them: counts and places in both reference systems, pages that
# repeat and lose nothing, and nothing for whom it is not. What is not installed is left out, with a sentence.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
base=http://127.0.0.1:$port
node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null

# asked STATUS PATH [CURL-ARGUMENT...]: the answer in $work/body.
asked() {
	local status
	status=$(bounded 30 curl -s -o "$work/body" -D "$work/head" -w '%{http_code}' "${@:3}" "$base$2") ||
		wrong "$2: no answer"
	[ "$status" = "$1" ] || wrong "$2 is answered with $status instead of $1: $(head -c 300 "$work/body")"
}
# says JQ-EXPRESSION VALUE: of the answer.
says() {
	local got
	got=$(jq -rc "$1" "$work/body") || wrong "no JSON: $(head -c 300 "$work/body")"
	[ "$got" = "$2" ] || wrong "$1 is $got instead of $2"
}
collection_is_there() {
	bounded 20 curl -sf "$base/ogc/collections/$1" -o /dev/null "${@:2}"
}
there() {
	wait_for 60 collection_is_there "$@" || wrong "the collection $1 did not come"
}

# 250 points on a grid, one of them twice as high, with days; and an area with a hole.
python3 - "$work" <<'PYTHON'
import json, sys
work = sys.argv[1]
points = [{"type": "Feature", "geometry": {"type": "Point", "coordinates": [round(13 + i % 25 / 100, 2), round(51 + i // 25 / 100, 2)]},
           "properties": {"name": f"Punkt {i}", "nr": i, "gerade": i % 2 == 0, "zeit": f"2026-04-{1 + i % 30:02d}"}} for i in range(250)]
json.dump({"type": "FeatureCollection", "features": points}, open(work + "/punkte.geojson", "w"))
area = {"type": "Feature", "id": "see", "properties": {"name": "See & <Insel>"}, "geometry": {"type": "Polygon", "coordinates": [
    [[13, 51], [13.4, 51], [13.4, 51.4], [13, 51.4], [13, 51]], [[13.1, 51.1], [13.3, 51.1], [13.3, 51.3], [13.1, 51.3], [13.1, 51.1]]]}}
json.dump(area, open(work + "/flaeche.geojson", "w"))
PYTHON
# The same place in both zones, by PROJ's own program.
printf 'name;x_25833;y_25833;zeit;wert\nA;392888,597;5669144,690;01.04.2026 08:00;1,5\nB;393888,597;5669144,690;02.04.2026 08:00;2,5\n' \
	>"$work/messung.csv"
printf 'name;wert\nA;1\n' >"$work/ohne.csv"
printf '{"a":[1,2]}' >"$work/anderes.json"
printf '{"type":"FeatureCollection","features":[{"type":"Feature","geometry":{"type":"Point","coordinates":[1,' >"$work/halb.geojson"
publish meissen/karte/punkte "$work/punkte.geojson" --tier open --title 'Punkte & mehr' >/dev/null
publish meissen/karte/flaeche "$work/flaeche.geojson" --tier open >/dev/null
publish meissen/messung "$work/messung.csv" --tier open >/dev/null
publish meissen/ohne "$work/ohne.csv" --tier open >/dev/null
publish meissen/anderes "$work/anderes.json" --tier open >/dev/null
publish meissen/halb "$work/halb.geojson" --tier open >/dev/null
punkte=meissen.karte.punkte.punkte
flaeche=meissen.karte.flaeche.flaeche
messung=meissen.messung.messung.csv
there $punkte
there $flaeche
there $messung

say 'collections'
asked 200 /ogc/collections
says '[.collections[].id] | join(" ")' "$flaeche $punkte $messung"
says '.collections[1].title' 'Punkte & mehr'
says '.collections[1].extent.spatial.bbox[0]' '[13,51,13.24,51.09]'
says '.collections[1].extent.temporal.interval[0][0]' '2026-04-01T00:00:00Z'
says '.collections[1].crs[0] == .collections[1].storageCrs' true
says '[.collections[1].links[].rel] | sort | unique | join(" ")' 'alternate enclosure items self'
asked 200 "$(jq -r '.collections[1].links[] | select(.rel == "enclosure").href' "$work/body" | sed "s|^$base||")"
same "$work/punkte.geojson" "$work/body"
for path in /ogc /ogc/ /ogc/conformance /ogc/api /ogc/collections/$punkte; do
	asked 200 "$path"
	jq -e . "$work/body" >/dev/null || wrong "$path is no JSON"
	asked 200 "$path" -I
done
for path in /ogc /ogc/conformance /ogc/collections /ogc/collections/$flaeche /ogc/collections/$flaeche/items /ogc/collections/$flaeche/items/see; do
	asked 200 "$path" -H 'Accept: text/html,*/*;q=0.8'
	grep -q '<!DOCTYPE html>' "$work/body" || wrong "$path is no page for a browser"
	! grep -q '<Insel>' "$work/body" || wrong "$path is not escaped"
	asked 200 "$path?f=json" -H 'Accept: text/html'
	jq -e . "$work/body" >/dev/null || wrong "$path?f=json is no JSON"
done

say 'features'
items=/ogc/collections/$punkte/items
asked 200 "$items?limit=3"
says .numberMatched 250
says .numberReturned 3
says '.features[2].properties.name' 'Punkt 2'
says '.features[1].properties.gerade' false
[[ "$(tr -d '\r' <"$work/head" | sed -n 's/^[Cc]ontent-[Tt]ype: //p')" == application/geo+json* ]] || wrong 'the type is another'
asked 200 "$items?bbox=13.045,51.005,13.075,51.025"
says '[.features[].properties.nr] | join(" ")' '30 31 32 55 56 57'
says .numberMatched 6
asked 200 "$items?bbox=-170,-80,-175,80"
says .numberMatched 250
asked 200 "$items?bbox=177,65,-177,70"
says '.features | length' 0
says .numberMatched 0
asked 200 "$items?datetime=2026-04-29%2F.."
says .numberMatched 16
asked 200 "$items?nr=7"
says '[.features[].properties.name] | join(" ")' 'Punkt 7'
asked 200 "$items?gerade=true&limit=1"
says .numberMatched 125
asked 200 "$items?name=Punkt%207&nr=8"
says .numberMatched 0
asked 200 "$items?limit=100000"
says .numberReturned 250
asked 200 "$items/7"
says .properties.name 'Punkt 6'
asked 200 "/ogc/collections/$flaeche/items/see"
says .id see
# in the hole, across its edge, inside
asked 200 "/ogc/collections/$flaeche/items?bbox=13.15,51.15,13.25,51.25"
says .numberMatched 0
asked 200 "/ogc/collections/$flaeche/items?bbox=13.05,51.15,13.25,51.25"
says .numberMatched 1
asked 200 "/ogc/collections/$flaeche/items?bbox=13.01,51.01,13.02,51.02"
says .numberMatched 1

asked 200 "$items?limit=3"
etag=$(tr -d '\r' <"$work/head" | sed -n 's/^[Ee][Tt][Aa][Gg]: //p')
asked 304 "$items?limit=3" -H "If-None-Match: $etag"
asked 200 "$items?limit=3&f=html" -H "If-None-Match: $etag"

say 'what is asked wrongly'
for query in nix=1 'bbox=1,2,3' 'bbox=1,2,3,x' 'bbox=1,5,3,4' 'datetime=gestern' 'limit=0' 'limit=x' 'limit=-1' 'crs=EPSG:3857' \
	'crs=http://www.opengis.net/def/crs/EPSG/0/4326' 'bbox-crs=x&bbox=1,2,3,4' 'f=xml' 'after=x'; do
	asked 400 "$items?$query"
	says '.code' InvalidParameterValue
done
for path in /ogc/collections/none /ogc/collections/none/items "$items/251" "$items/x" /ogc/collections/meissen.ohne.ohne.csv \
	/ogc/collections/meissen.anderes.anderes.json /ogc/collections/meissen.halb.halb/items /ogc/collections/meissen.halb.halb; do
	asked 404 "$path"
done

grep -q 'not in order: byte' "$work/body" || wrong 'a file that is not in order is not told'

say 'pages repeat and lose nothing'
next=$items?limit=17
: >"$work/seen"
while [ -n "$next" ]; do
	asked 200 "$next"
	jq -r '.features[].properties.nr' "$work/body" >>"$work/seen"
	next=$(jq -r '.links[] | select(.rel == "next").href' "$work/body" | sed "s|^$base||")
done
cmp <(seq 0 249) "$work/seen" || wrong 'the pages are not the whole'
next=$items'?limit=5&bbox=13.0,51.0,13.1,51.04&datetime=2026-04-01%2F2026-04-15&gerade=true'
: >"$work/seen"
while [ -n "$next" ]; do
	asked 200 "$next"
	matched=$(jq .numberMatched "$work/body")
	jq -r '.features[].properties.nr' "$work/body" >>"$work/seen"
	next=$(jq -r '.links[] | select(.rel == "next").href' "$work/body" | sed "s|^$base||")
done
[ "$(sort -un "$work/seen" | wc -l)" = "$matched" ] && [ "$(wc -l <"$work/seen")" = "$matched" ] || wrong 'filtered pages are not the whole'

say 'in both reference systems'
utm=http://www.opengis.net/def/crs/EPSG/0
asked 200 "/ogc/collections/$messung/items?crs=$utm/25833"
says '.features[0].geometry.coordinates' '[392888.597,5669144.69]'
grep -qi "content-crs: <$utm/25833>" "$work/head" || wrong 'Content-Crs does not say it'
asked 200 "/ogc/collections/$messung/items?crs=$utm/25832"
says '.features[0].geometry.coordinates | map(. * 100 | round / 100)' '[812352.67,5677524.64]'
asked 200 "/ogc/collections/$messung/items?bbox-crs=$utm/25833&bbox=393000,5669000,394000,5670000"
says '[.features[].properties.name] | join(" ")' B
asked 200 "/ogc/collections/$messung/items"
says '.features[0].geometry.coordinates | map(. * 10000 | round / 10000)' '[13.4681,51.1637]'
says '.features[0].properties.zeit' 2026-04-01T08:00:00

say 'WFS'
wfs='/wfs?service=WFS&version=2.0.0&request'
asked 200 "$wfs=GetCapabilities"
grep -q "<wfs:Name>app:$punkte</wfs:Name>" "$work/body" || wrong 'the type is not listed'
asked 200 "$wfs=GetFeature&typeNames=app:$punkte&resultType=hits"
grep -q 'numberMatched="250" numberReturned="0"' "$work/body" || wrong "hits: $(head -c 600 "$work/body")"
asked 200 "$wfs=GetFeature&typeNames=app:$messung&count=1"
grep -q '<gml:pos>51.1637 13.4681</gml:pos>' "$work/body" || wrong 'as a URN EPSG:4326 has the latitude first'
grep -q 'next="' "$work/body" || wrong 'no next page'
asked 200 "$wfs=GetFeature&typeNames=app:$messung&count=1&srsName=EPSG:4326"
grep -q '<gml:pos>13.4681 51.1637</gml:pos>' "$work/body" || wrong 'EPSG:4326 has the longitude first'
asked 200 "$wfs=GetFeature&typeNames=app:$messung&count=1&srsName=urn:ogc:def:crs:EPSG::25833"
grep -q '<gml:pos>392888.597 5669144.69</gml:pos>' "$work/body" || wrong 'EPSG:25833 has the east first'
for bbox in 51.16,13.46,51.17,13.47 13.46,51.16,13.47,51.17,EPSG:4326 392000,5669000,393000,5670000,urn:ogc:def:crs:EPSG::25833; do
	asked 200 "$wfs=GetFeature&typeNames=app:$messung&bbox=$bbox&outputFormat=application/geo%2Bjson"
	says '[.features[].properties.name] | join(" ")' A
done
asked 200 "$wfs=GetFeature&typeNames=app:$messung&sortBy=wert%20DESC&outputFormat=application/geo%2Bjson"
says '[.features[].properties.name] | join(" ")' 'B A'
asked 200 "$wfs=GetFeature&storedQuery_id=urn:ogc:def:query:OGC-WFS::GetFeatureById&ID=$messung.2"
grep -q "gml:id=\"$messung.2\"" "$work/body" || wrong 'the feature is not found by its id'
for query in 'request=GetFeature' "request=GetFeature&typeNames=app:none" "request=GetFeature&typeNames=app:$punkte&srsName=EPSG:3857" \
	"request=GetFeature&typeNames=app:$punkte&bbox=1,2" "request=GetFeature&typeNames=app:$punkte&sortBy=none" \
	"request=GetFeature&typeNames=app:$punkte&filter=%3Cx" 'request=DescribeFeatureType&typeNames=app:none' 'x=y'; do
	asked 400 "/wfs?service=WFS&version=2.0.0&$query"
	grep -q '<ows:ExceptionReport' "$work/body" || wrong "$query: no ExceptionReport"
done
asked 501 "$wfs=GetFeature&typeNames=app:$punkte&filter=%3CFilter%3E%3CNot%2F%3E%3C%2FFilter%3E"
asked 501 "$wfs=LockFeature"
asked 400 '/wfs?service=WMS&request=GetMap'
python3 - "$base" "$punkte" <<'PYTHON' || wrong 'what WFS answers is no XML'
import sys, urllib.request, xml.etree.ElementTree as tree
base, name = sys.argv[1:]
wfs = base + "/wfs?service=WFS&version=2.0.0&request="
for query in ["GetCapabilities", "DescribeFeatureType", "DescribeFeatureType&typeNames=app:" + name, "ListStoredQueries",
              "DescribeStoredQueries"]:
    tree.parse(urllib.request.urlopen(wfs + query, timeout=20))
seen, start = [], 0
while start < 250:
    page = tree.parse(urllib.request.urlopen(wfs + f"GetFeature&typeNames=app:{name}&startIndex={start}&count=40", timeout=20))
    seen += [int(e.text) for e in page.iter("{urn:x-allmende:features}nr")]
    start += 40
if seen != list(range(250)):
    sys.exit("the pages of WFS are not the whole")
PYTHON

say 'lists of layers'
asked 200 /services.json
says '.[1] | [.id, .typ, .url, .collection] | join(" ")' "$punkte OAF $base/ogc $punkte"
asked 200 /qgis.qlr
python3 -c 'import sys, xml.etree.ElementTree as t; assert len(list(t.parse(sys.argv[1]).iter("maplayer"))) == 3' "$work/body" ||
	wrong 'qgis.qlr does not list the layers'

say 'for whom they are'
publish meissen/intern/punkte "$work/punkte.geojson" --tier members >/dev/null
publish meissen/geheim/punkte "$work/punkte.geojson" --tier hidden >/dev/null
for secret in meissen.intern.punkte.punkte meissen.geheim.punkte.punkte; do
	there $secret --unix-socket "$meissen/control.sock"
	asked 200 "/ogc/collections/$secret/items?limit=1" --unix-socket "$meissen/control.sock"
	says .numberMatched 250
	for path in "/ogc/collections/$secret" "/ogc/collections/$secret/items" "/ogc/collections/$secret/items/1"; do
		asked 404 "$path"
		cp "$work/body" "$work/told"
		asked 404 "${path/$secret/none}"
		same "$work/body" "$work/told"
	done
	asked 400 "$wfs=GetFeature&typeNames=app:$secret"
	for path in /ogc/collections /ogc/api "$wfs=GetCapabilities" "$wfs=DescribeFeatureType" "$wfs=ListStoredQueries" /services.json /qgis.qlr; do
		asked 200 "$path"
		! grep -q 'intern\|geheim' "$work/body" || wrong "$path tells of $secret"
	done
done
! grep -rqa 'Punkt 7' "$meissen/derived/features" || [ "$(ls "$meissen/derived/features" | wc -l)" = 3 ] ||
	wrong 'a table that is not open lies on the disk'

say 'what a token is shown'
token=$(node "$meissen" token add --below meissen/intern --may read)
lister=$(node "$meissen" token add --below meissen/intern --may list)
inner=meissen.intern.punkte.punkte
asked 200 "/ogc/collections/$inner/items?limit=1" -H "Authorization: Bearer $token"
says .numberMatched 250
asked 200 /ogc/collections -H "Authorization: Bearer $token"
says '[.collections[].id] | join(" ")' "$inner $flaeche $punkte $messung"
asked 200 "$wfs=GetFeature&typeNames=app:$inner&resultType=hits" -H "Authorization: Bearer $token"
grep -q 'numberMatched="250"' "$work/body" || wrong 'WFS shows a token otherwise'
asked 404 /ogc/collections/meissen.geheim.punkte.punkte -H "Authorization: Bearer $token"
# who may know that it is there may not have its contents, which features are
asked 404 "/ogc/collections/$inner" -H "Authorization: Bearer $lister"
asked 200 /ogc/collections -H "Authorization: Bearer $lister"
says '[.collections[].id] | join(" ")' "$flaeche $punkte $messung"
asked 401 /ogc/collections -H "Authorization: Bearer nobody"

if command -v ogr2ogr >/dev/null && { unshare -n true 2>/dev/null || unshare -rn true 2>/dev/null; }; then
	say 'by ogr2ogr'
	mkdir "$work/shape"
	ogr2ogr -f 'ESRI Shapefile' -t_srs EPSG:25833 -lco ENCODING=UTF-8 "$work/shape/orte.shp" "$work/punkte.geojson"
	(cd "$work/shape" && python3 -m zipfile -c ../orte.zip orte.*)
	ogr2ogr -f GPKG -t_srs EPSG:25832 "$work/orte.gpkg" "$work/punkte.geojson"
	ogr2ogr -f GML -dsco FORMAT=GML3.2 "$work/orte.gml" "$work/punkte.geojson"
	ogr2ogr -f GPKG "$work/zwei.gpkg" "$work/punkte.geojson" -nln a
	ogr2ogr -f GPKG -update "$work/zwei.gpkg" "$work/punkte.geojson" -nln b
	head -c 2000 "$work/orte.gpkg" >"$work/halb.gpkg"
	python3 -m zipfile -c "$work/text.zip" "$work/ohne.csv"
	for name in orte.zip orte.gpkg orte.gml zwei.gpkg halb.gpkg text.zip; do
		publish "meissen/ogr/${name/./-}" "$work/$name" --tier open >/dev/null
	done
	for name in orte.zip orte.gpkg orte.gml; do
		made=meissen.ogr.${name/./-}.$name
		there "$made"
		asked 200 "/ogc/collections/$made/items?bbox=13.045,51.005,13.075,51.025"
		says '[.features[].properties.nr] | join(" ")' '30 31 32 55 56 57'
		says '.features[0].geometry.coordinates | map(. * 100000 | round / 100000)' '[13.05,51.01]'
	done
	there meissen.ogr.zwei-gpkg.zwei.gpkg
	asked 200 '/ogc/collections/meissen.ogr.zwei-gpkg.zwei.gpkg/items?limit=1'
	says .numberMatched 500
	is_told() {
		bounded 20 curl -s "$base/ogc/collections/$1" | grep -q 'ogr2ogr cannot read it'
	}
	wait_for 30 is_told meissen.ogr.halb-gpkg.halb.gpkg || wrong 'what is wrong with half a file is not told'
	asked 404 /ogc/collections/meissen.ogr.text-zip.text.zip
	# a file that would have ogr2ogr read another one
	printf 'lon,lat,secret\n13.5,51.2,geheim\n' >"$work/secret.csv"
	printf '<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>%s</SrcDataSource>' "$work/secret.csv" >"$work/list.gml"
	printf '<GeometryType>wkbPoint</GeometryType><GeometryField encoding="PointFromColumns" x="lon" y="lat"/></OGRVRTLayer></OGRVRTDataSource>' \
		>>"$work/list.gml"
	ogr2ogr -f GeoJSONSeq /vsistdout/ "$work/list.gml" 2>/dev/null | grep -q geheim || wrong 'the trap is none'
	publish meissen/ogr/list "$work/list.gml" --tier open >/dev/null
	is_settled() {
		[ "$(bounded 20 curl -s -o "$work/body" -w '%{http_code}' "$base/ogc/collections/meissen.ogr.list.list.gml")" != 503 ]
	}
	sleep 2
	wait_for 30 is_settled || wrong 'the trap is looked at for ever'
	asked 404 /ogc/collections/meissen.ogr.list.list.gml
	! grep -rqa geheim "$meissen/derived/features" || wrong 'a file of this machine was read'
	node "$meissen" withdraw meissen/ogr/list --reason 'nur ein Versuch' --yes >/dev/null
	! ls "$meissen"/derived/features/allmende-ogr-* 2>/dev/null || wrong 'ogr2ogr has left something behind'
	for name in orte.zip orte.gpkg orte.gml zwei.gpkg halb.gpkg text.zip; do
		node "$meissen" withdraw "meissen/ogr/${name/./-}" --reason 'nur ein Versuch' --yes >/dev/null
	done
else
	echo 'ogr2ogr is not installed (gdal-bin), or no process can be shut off from the network: left out'
fi

data=${ALLMENDE_SHARED:-$root/../shared}/data
if [ -r "$data/haltestellen-vvo.geojson" ]; then
	say 'stops and districts'
	publish meissen/daten/stellen "$data/haltestellen-vvo.geojson" --tier open >/dev/null
	publish meissen/daten/kreise "$data/kreise-deutschland.geojson" --tier open >/dev/null
	there meissen.daten.stellen.haltestellen-vvo
	there meissen.daten.kreise.kreise-deutschland
	asked 200 '/ogc/collections/meissen.daten.stellen.haltestellen-vvo/items?limit=1'
	says .numberMatched 3913
	asked 200 '/ogc/collections/meissen.daten.kreise.kreise-deutschland/items?bbox=13.47,51.16,13.471,51.161'
	says '[.features[].properties.NAME_3] | join(" ")' Meißen
	asked 200 "/ogc/collections/meissen.daten.kreise.kreise-deutschland/items?bbox-crs=$utm/25833&bbox=392888,5669144,392889,5669145"
	says '[.features[].properties.NAME_3] | join(" ")' Meißen
	for name in stellen kreise; do
		node "$meissen" withdraw "meissen/daten/$name" --reason 'nur ein Versuch' --yes >/dev/null
	done
else
	echo 'no data in ../shared: stops and districts are left out'
fi

say 'what is open no more is gone at once'
publish meissen/karte/flaeche "$work/flaeche.geojson" --tier members >/dev/null
wait_for 20 eval '! collection_is_there $flaeche' || wrong 'what is open no more is still shown'
node "$meissen" withdraw meissen/messung --reason 'nur ein Versuch' --yes >/dev/null
wait_for 20 eval '! collection_is_there $messung' || wrong 'what was withdrawn is still shown'
wait_for 60 eval '[ "$(ls "$meissen/derived/features" | wc -l)" = 1 ]' || wrong 'its table is still there'

say 'a start finds the tables as they are'
touch -d 2026-01-01 "$meissen"/derived/features/*
node_stop "$meissen"
node_start "$meissen"
there $punkte
[ "$(date -r "$(ls "$meissen"/derived/features/*)" +%Y-%m)" = 2026-01 ] || wrong 'the table was made again'
node_stop "$meissen"
rm -r "$meissen/derived"
node_start "$meissen"
there $punkte

if command -v ogrinfo >/dev/null; then
	say 'GDAL'
	count_of() {
		ogrinfo -ro -so "$@" 2>"$work/gdal" | sed -n 's/^Feature Count: //p'
	}
	[ "$(count_of "OAPIF:$base/ogc" $punkte)" = 250 ] || wrong "OAPIF counts otherwise: $(cat "$work/gdal")"
	[ "$(count_of "OAPIF:$base/ogc" $punkte -spat 13.045 51.005 13.075 51.025)" = 6 ] || wrong 'OAPIF -spat'
	[ "$(count_of "OAPIF:$base/ogc" $punkte -where "zeit >= '2026-04-29'")" = 16 ] || wrong 'OAPIF -where'
	[ "$(count_of "OAPIF:$base/ogc" $punkte -where "nr = 7")" = 1 ] || wrong 'OAPIF -where by number'
	ogrinfo -ro -q "OAPIF:$base/ogc" $punkte -fid 7 | grep -q 'Punkt 6' || wrong 'OAPIF -fid'
	ogr2ogr -f GPKG "$work/punkte.gpkg" "OAPIF:$base/ogc" $punkte -oo PAGE_SIZE=20
	[ "$(count_of "$work/punkte.gpkg" $punkte)" = 250 ] || wrong 'OAPIF into a GeoPackage'
	[ "$(count_of "WFS:$base/wfs" app:$punkte)" = 250 ] || wrong "WFS counts otherwise: $(cat "$work/gdal")"
	[ "$(count_of "WFS:$base/wfs" app:$punkte -spat 13.045 51.005 13.075 51.025)" = 6 ] || wrong 'WFS -spat'
	[ "$(count_of "WFS:$base/wfs" app:$punkte -where "name = 'Punkt 7'")" = 1 ] || wrong 'WFS -where'
	ogr2ogr -f GeoJSON "$work/wfs.geojson" "WFS:$base/wfs" app:$punkte
	cmp <(jq -c '[.features[] | [.properties.nr, .geometry.coordinates]]' "$work/wfs.geojson") \
		<(jq -c '[.features[] | [.properties.nr, .geometry.coordinates]]' "$work/punkte.geojson") || wrong 'WFS has other places'
else
	echo 'GDAL is not installed (gdal-bin): left out'
fi

python=/usr/bin/python3
if $python -c 'import owslib' 2>/dev/null; then
	say 'OWSLib'
	$python - "$base" $punkte <<'PYTHON' || wrong 'OWSLib reads otherwise'
import sys
from owslib.ogcapi.features import Features
from owslib.wfs import WebFeatureService
base, name = sys.argv[1:]
features = Features(base + "/ogc")
assert name in features.feature_collections()
assert features.collection_items(name, bbox=[13.045, 51.005, 13.075, 51.025])["numberMatched"] == 6
wfs = WebFeatureService(base + "/wfs", version="2.0.0")
assert "app:" + name in wfs.contents
assert wfs.get_schema("app:" + name)["properties"]["nr"] == "long"
assert b'numberReturned="2"' in wfs.getfeature(typename="app:" + name, maxfeatures=2).read()
PYTHON
else
	echo 'OWSLib is not installed (python3-owslib): left out'
fi

if $python -c 'import qgis.core' 2>/dev/null; then
	say 'QGIS'
	QT_QPA_PLATFORM=offscreen HOME=$work bounded 120 $python - "$base" $punkte "$work" 2>"$work/qgis" <<'PYTHON' || wrong "QGIS reads otherwise: $(tail -5 "$work/qgis")"
import sys, urllib.request
from qgis.core import QgsApplication, QgsLayerDefinition, QgsVectorLayer
base, name, work = sys.argv[1:]
application = QgsApplication([], False)
application.initQgis()
for source, provider in [(f"url='{base}/ogc' typename='{name}'", "OAPIF"),
                         (f"url='{base}/wfs' typename='app:{name}' version='2.0.0' srsname='EPSG:25833'", "WFS")]:
    layer = QgsVectorLayer(source, name, provider)
    assert layer.isValid() and sum(1 for f in layer.getFeatures()) == 250, provider
urllib.request.urlretrieve(base + "/qgis.qlr", work + "/x.qlr")
layers = QgsLayerDefinition.loadLayerDefinitionLayers(work + "/x.qlr")
assert len(layers) == 1 and layers[0].isValid() and layers[0].featureCount() == 250
del layer, layers
application.exitQgis()
PYTHON
else
	echo 'QGIS is not installed (python3-qgis): left out'
fi

schemas=${ALLMENDE_SHARED:-$root/../shared}/checks/ogc/schemas
if [ -d "$schemas" ] && [ -d "${OGC_MODULES:-/nowhere}/ajv" ]; then
	say 'schemas of OGC, by ajv'
	bounded 20 curl -s "$base/ogc" -o "$work/1" && bounded 20 curl -s "$base/ogc/conformance" -o "$work/2"
	bounded 20 curl -s "$base/ogc/collections" -o "$work/3" && bounded 20 curl -s "$base/ogc/collections/$punkte" -o "$work/4"
	bounded 20 curl -s "$base$items" -o "$work/5" && bounded 20 curl -s "$base$items/1" -o "$work/6"
	bounded 20 curl -s "$base$items?x=1" -o "$work/7"
	/usr/bin/env node "$root/test/e2e/ogc_schemas.mjs" "$schemas" "landingPage=$work/1" "confClasses=$work/2" \
		"collections=$work/3" "collection=$work/4" "featureCollectionGeoJSON=$work/5" "featureGeoJSON=$work/6" "exception=$work/7" ||
		wrong 'an answer is not what the schema says'
else
	echo 'no schemas of OGC, or OGC_MODULES names no node_modules with ajv: left out'
fi
if [ -x "${OGC_MODULES:-/nowhere}/.bin/redocly" ]; then
	say 'redocly'
	bounded 20 curl -s "$base/ogc/api" -o "$work/api.json"
	bounded 60 "$OGC_MODULES/.bin/redocly" lint "$work/api.json" >"$work/lint" 2>&1 || wrong "the OpenAPI document: $(tail -30 "$work/lint")"
else
	echo 'OGC_MODULES names no node_modules with @redocly/cli: left out'
fi
