#!/usr/bin/env bash
# /d/ on the public port: files as they were published, for whom they are, and what became of those that are not there.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen "127.0.0.1:$(port_free)" --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
node_join "$radebeul" "$(node_invite "$meissen" radebeul)" --listen "127.0.0.1:$(port_free)" --no-passphrase ||
	wrong 'Radebeul did not join'

# ask METHOD PATH [HEADER: VALUE...]: status in $status, header in $work/head, body in $work/body. Over the control socket as
# the administrator, when socket= is set.
socket=
ask() {
	status=$(bounded 20 python3 - "$port" "$work" "$socket" "$@" <<'PYTHON'
import http.client, socket, sys
port, work, unix, method, path = sys.argv[1:6]
connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=15)
if unix:
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.connect(unix)
connection.request(method, path, headers=dict(h.split(": ", 1) for h in sys.argv[6:]))
answer = connection.getresponse()
with open(work + "/body", "wb") as body:
    body.write(answer.read())
with open(work + "/head", "w") as head:
    for name, value in answer.getheaders():
        head.write(f"{name.lower()}: {value}\n")
print(answer.status)
PYTHON
	) || wrong "$*: no answer"
}
# asked STATUS METHOD PATH [HEADER...]
asked() {
	ask "${@:2}"
	[ "$status" = "$1" ] || wrong "${*:2} is answered with $status instead of $1: $(head -c 300 "$work/body")"
}
header() {
	sed -n "s/^$1: //p" "$work/head"
}

mkdir -p "$work/kita/a b"
testdata 1 3000000 mixed >"$work/kita/groß.bin"
printf 'Ort;Plätze\nMeißen;12\n' >"$work/kita/a b/plätze 2026.csv"
: >"$work/kita/leer.txt"
publish meissen/kita "$work/kita" --tier open --title 'Plätze & mehr' >/dev/null

say 'files as they were published'
asked 200 GET /d/meissen/kita/files/gro%C3%9F.bin
same "$work/kita/groß.bin" "$work/body"
etag=$(header etag)
[ -n "$etag" ] && [ -n "$(header last-modified)" ] || wrong 'no ETag or Last-Modified'
[ "$(header x-content-type-options)" = nosniff ] || wrong 'no nosniff'
asked 200 GET '/d/meissen/kita/files/a%20b/pl%C3%A4tze%202026.csv'
same "$work/kita/a b/plätze 2026.csv" "$work/body"
asked 200 GET /d/meissen/kita/files/leer.txt
[ ! -s "$work/body" ] || wrong 'an empty file has contents'
asked 200 HEAD /d/meissen/kita/files/gro%C3%9F.bin
[ "$(header content-length)" = 3000000 ] || wrong "HEAD says $(header content-length) bytes"

say 'parts of them, and only when something is new'
asked 206 GET /d/meissen/kita/files/gro%C3%9F.bin 'Range: bytes=1000000-1999999'
cmp <(tail -c +1000001 "$work/kita/groß.bin" | head -c 1000000) "$work/body" || wrong 'another part'
asked 206 GET /d/meissen/kita/files/gro%C3%9F.bin 'Range: bytes=-5'
cmp <(tail -c 5 "$work/kita/groß.bin") "$work/body" || wrong 'another end'
asked 416 GET /d/meissen/kita/files/gro%C3%9F.bin 'Range: bytes=3000000-'
asked 304 GET /d/meissen/kita/files/gro%C3%9F.bin "If-None-Match: $etag"
asked 206 GET /d/meissen/kita/files/gro%C3%9F.bin 'Range: bytes=0-9' "If-Range: $etag"
asked 200 GET /d/meissen/kita/files/gro%C3%9F.bin 'Range: bytes=0-9' 'If-Range: "another"'

say 'of one version, for ever'
printf 'Ort;Plätze\nMeißen;13\n' >"$work/kita/a b/plätze 2026.csv"
publish meissen/kita "$work/kita" >/dev/null
asked 200 GET '/d/meissen/kita@1/files/a%20b/pl%C3%A4tze%202026.csv'
grep -q ';12$' "$work/body" || wrong 'version 1 is another'
[[ "$(header cache-control)" == *31536000*immutable* ]] || wrong "version 1 is kept: $(header cache-control)"
asked 200 GET '/d/meissen/kita/files/a%20b/pl%C3%A4tze%202026.csv'
grep -q ';13$' "$work/body" || wrong 'the newest version is another'
[[ "$(header cache-control)" == *no-cache* ]] || wrong "the newest is kept: $(header cache-control)"
asked 200 GET /d/meissen/kita/files/gro%C3%9F.bin
[ "$(header etag)" = "$etag" ] || wrong 'an unchanged file has another ETag'

say 'what is not there'
for path in /d/meissen/kita/files/none /d/meissen/kita/files/ '/d/meissen/kita/files/a%20b' /d/meissen/kita@9/files/leer.txt \
	/d/meissen/none/files/x /d/none/x/files/y /d/meissen/kita@0/files/leer.txt /d/meissen/kita@x/files/leer.txt /d/x/files/y; do
	asked 404 GET "$path"
done
asked 405 PUT /d/meissen/kita/files/leer.txt

say 'for whom they are'
publish meissen/intern "$work/kita" --tier members >/dev/null
publish meissen/personal "$work/kita" --tier granted >/dev/null
publish meissen/geheim "$work/kita" --tier hidden >/dev/null
asked 404 GET /d/meissen/none/files/leer.txt
cp "$work/body" "$work/absent"
for path in intern personal geheim; do
	asked 404 GET "/d/meissen/$path/files/leer.txt"
	cmp <(sed "s/$path/none/g" "$work/body") "$work/absent" || wrong "$path is told from what is not there"
	asked 404 GET "/d/meissen/$path@1/files/leer.txt"
	asked 404 GET "/d/meissen/$path"
	socket=$meissen/control.sock
	asked 200 GET '/d/meissen/'$path'/files/a%20b/pl%C3%A4tze%202026.csv'
	same "$work/kita/a b/plätze 2026.csv" "$work/body"
	socket=
done

say 'with a token'
read=$(node "$meissen" token add --below meissen/intern --may read)
list=$(node "$meissen" token add --below meissen/intern --may list)
asked 200 GET /d/meissen/intern/files/leer.txt "Authorization: Bearer $read"
asked 200 GET '/d/meissen/intern/files/a%20b/pl%C3%A4tze%202026.json' "Authorization: Bearer $read"
asked 404 GET /d/meissen/personal/files/leer.txt "Authorization: Bearer $read"
asked 403 GET /d/meissen/intern/files/leer.txt "Authorization: Bearer $list"
asked 200 GET /d/meissen/intern "Authorization: Bearer $list"
if grep -q leer.txt "$work/body"; then wrong 'who may only list sees the names of files'; fi
asked 404 GET /d/meissen/intern

say 'what was withdrawn'
node "$meissen" withdraw meissen/intern --reason 'nur ein Versuch' --yes >/dev/null
asked 404 GET /d/meissen/intern/files/leer.txt
socket=$meissen/control.sock
asked 410 GET /d/meissen/intern/files/leer.txt
grep -q 'nur ein Versuch' "$work/body" || wrong 'no reason is given'
socket=
