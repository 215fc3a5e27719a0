#!/usr/bin/env bash
# Signatures of files: who has published a file is told without a node, wherever the file has come from; and what was
# altered, swapped or made up is not believed.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
far_port=$(port_free)
two_nodes
node_stop "$radebeul"
node_stop "$meissen"
printf 'http = 127.0.0.1:%s\n' "$port" >>"$meissen/config"
printf 'http = 127.0.0.1:%s\n' "$far_port" >>"$radebeul/config"
node_start "$meissen"
node_start "$radebeul"
base=http://127.0.0.1:$port
federation=$(node_json "$meissen" .federation.id status)

# ends STATUS WORDS COMMAND...: ends with this status, and says so.
ends() {
	local status=0 expected=$1 words=$2
	shift 2
	"$@" >"$work/out" 2>&1 || status=$?
	[ "$status" = "$expected" ] || wrong "$* ended with $status: $(cat "$work/out")"
	grep -qF -- "$words" "$work/out" || wrong "$* does not say \"$words\": $(cat "$work/out")"
}

# Where no node is.
verify_file() {
	env -u HOME -u ALLMENDE_DIR -u XDG_DATA_HOME "$allmende" verify-file "$@"
}

mkdir -p "$work/kita/je ort"
printf 'ort;plaetze\nMeissen;120\n' >"$work/kita/plaetze.csv"
printf 'ort;plaetze\nCoswig;80\n' >"$work/kita/je ort/coswig.csv"
[ "$(publish meissen/kita "$work/kita" --tier open)" = 1 ] || wrong 'not published'
cp -r -- "$work/kita" "$work/portal" # what a portal hands on
url=$base/d/meissen/kita

say 'what was published is unaltered, by the address of the dataset, of the file, and of the signature'
ends 0 'Stadt Meißen has published it' verify_file "$work/portal/plaetze.csv" --against "$url" --federation "$federation"
ends 0 'the one that you named' verify_file "$work/portal/plaetze.csv" --against "$url/files/plaetze.csv" --federation "$federation"
ends 0 'meissen/kita, version 1' verify_file "$work/portal/je ort/coswig.csv" --against "$url/files/je%20ort/coswig.csv"
ends 0 'nobody has checked it' verify_file "$work/portal/je ort/coswig.csv" --against "$url@1/files/je%20ort/coswig.csv.sig?x=1"
ends 0 'the one of the node on this machine' node "$radebeul" verify-file "$work/portal/plaetze.csv" --against "$url"
[ "$(verify_file "$work/portal/plaetze.csv" --against "$url" --json | jq -r '[.unaltered, .dataset, .version, .organisation.slug, .federation.known] | join(" ")')" = \
	'true meissen/kita 1 meissen said' ] || wrong 'the JSON is another'

say 'from a file, without any network'
curl -sf "$url/files/plaetze.csv.sig" >"$work/plaetze.csv.sig" || wrong 'no signature'
ends 0 'is unaltered' verify_file "$work/portal/plaetze.csv" --against "$work/plaetze.csv.sig" --federation "$federation"
ends 3 'another federation' verify_file "$work/portal/plaetze.csv" --against "$work/plaetze.csv.sig" --federation "${federation//[0-7]/9}"
ends 2 '--against is missing' verify_file "$work/portal/plaetze.csv"
ends 2 'is no id' verify_file "$work/portal/plaetze.csv" --against "$url" --federation 12
ends 4 'cannot read' verify_file "$work/nothing" --against "$url"
ends 4 'answers 404' verify_file "$work/portal/plaetze.csv" --against "$base/d/meissen/nothing"
ends 4 'answers 404' verify_file "$work/portal/plaetze.csv" --against "$url/files/nothing.csv"
ends 1 'cannot be had' verify_file "$work/portal/plaetze.csv" --against "http://127.0.0.1:$(port_free)/d/meissen/kita"
ends 1 'proves nothing' verify_file "$work/portal/plaetze.csv" --against "$work/kita/plaetze.csv"

say 'altered, swapped, of another version'
printf 'ort;plaetze\nMeissen;121\n' >"$work/altered.csv"
ends 1 'it was altered, or is another' verify_file "$work/altered.csv" --against "$work/plaetze.csv.sig"
{ verify_file "$work/altered.csv" --against "$work/plaetze.csv.sig" --json 2>/dev/null || true; } | jq -e '.unaltered == false' >/dev/null || wrong 'the JSON says that it is unaltered'
cp -- "$work/portal/je ort/coswig.csv" "$work/portal/plaetze.csv"
ends 1 'another file of version 1 of meissen/kita, je ort/coswig.csv' verify_file "$work/portal/plaetze.csv" --against "$url"
cp -- "$work/kita/plaetze.csv" "$work/portal/plaetze.csv"
printf 'ort;plaetze\nMeissen;130\n' >"$work/kita/plaetze.csv"
[ "$(publish meissen/kita "$work/kita")" = 2 ] || wrong 'no version 2'
ends 1 'version 2 of meissen/kita' verify_file "$work/portal/plaetze.csv" --against "$url"
ends 0 'version 1' verify_file "$work/portal/plaetze.csv" --against "$url@1"
ends 0 'version 2' verify_file "$work/kita/plaetze.csv" --against "$url"

say 'one byte of the signature is another: it proves nothing'
size=$(stat -c %s "$work/plaetze.csv.sig")
for at in 3 30 200 $((size / 2)) $((size - 5)); do
	cp -- "$work/plaetze.csv.sig" "$work/flipped"
	byte=$(dd if="$work/flipped" bs=1 skip="$at" count=1 status=none | od -An -tu1)
	printf "\\x$(printf %x $((byte ^ 1)))" | dd of="$work/flipped" bs=1 seek="$at" conv=notrunc status=none
	! verify_file "$work/portal/plaetze.csv" --against "$work/flipped" >/dev/null 2>&1 || wrong "byte $at may be another"
done

say 'another node hands it out too, and cannot hand out another'
wait_for 30 is_known "$radebeul" meissen/kita 2 || wrong 'Radebeul does not know it'
far=http://127.0.0.1:$far_port
[ "$(curl -s -o /dev/null -w '%{http_code}' "$far/d/meissen/kita/files/plaetze.csv.sig")" = 503 ] || wrong 'what is not here has a signature'
node "$radebeul" get meissen/kita -o "$work/got" >/dev/null
ends 0 'Stadt Meißen has published it' verify_file "$work/kita/plaetze.csv" --against "$far/d/meissen/kita"
mkdir -p "$work/www/d/meissen/kita/files" "$work/www/d/meissen/other/files"
cp -- "$work/plaetze.csv.sig" "$work/www/d/meissen/kita/files/coswig.csv.sig"
cp -- "$work/plaetze.csv.sig" "$work/www/d/meissen/other/files/plaetze.csv.sig"
liar=$(port_free)
python3 -m http.server -b 127.0.0.1 -d "$work/www" "$liar" >/dev/null 2>&1 &
helper_pids+=($!)
answers() { curl -s -o /dev/null "http://127.0.0.1:$liar/"; }
wait_for 10 answers || wrong 'no server'
ends 3 'it is of file plaetze.csv in version 1 of meissen/kita' verify_file "$work/portal/plaetze.csv" --against "http://127.0.0.1:$liar/d/meissen/kita/files/coswig.csv"
ends 3 'it is of file plaetze.csv in version 1 of meissen/kita' verify_file "$work/portal/plaetze.csv" --against "http://127.0.0.1:$liar/d/meissen/other"

say 'only what everybody may read has signatures'
[ "$(publish meissen/intern "$work/kita/plaetze.csv" --tier members)" = 1 ] || wrong 'not published'
[ "$(curl -s "$base/d/meissen/intern/files/plaetze.csv.sig")" = "$(curl -s "$base/d/meissen/nothing/files/plaetze.csv.sig")" ] ||
	wrong 'what may not be seen is told from what is not there'
node "$meissen" withdraw meissen/kita --reason 'a mistake' --yes >/dev/null
ends 4 'answers 4' verify_file "$work/kita/plaetze.csv" --against "$url"

clean "$meissen"
clean "$radebeul"
