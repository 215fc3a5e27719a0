#!/usr/bin/env bash
# Tokens of programs: what each is shown on the public port, and when it is out.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
printf 'Ort;Plätze\nMeißen;12\n' >"$work/plaetze.csv"
for tier in open members granted hidden; do
	publish "meissen/kita/$tier" "$work/plaetze.csv" --tier "$tier" >/dev/null
	publish "meissen/bau/$tier" "$work/plaetze.csv" --tier "$tier" >/dev/null
done

# asked STATUS PATH [TOKEN]: waits while the index is being made, or has not heard of it yet
asked() {
	local status header=()
	[ $# -lt 3 ] || header=(-H "Authorization: Bearer $3")
	for _ in {1..50}; do
		status=$(curl -sS -m 20 -o "$work/body" -w '%{http_code}' "${header[@]}" "http://127.0.0.1:$port$2")
		[ "$status" = 503 ] || [ "$1/$status" = 200/404 ] || break
		sleep 0.2
	done
	[ "$status" = "$1" ] || wrong "$2 is answered with $status instead of $1: $(head -c 300 "$work/body")"
}
# sees DATASET [TOKEN]
sees() {
	asked 200 "/d/$1/files/plaetze.csv" "${@:2}"
	same "$work/plaetze.csv" "$work/body"
}
misses() {
	asked 404 "/d/$1/files/plaetze.csv" "${@:2}"
}

say 'nobody without a token'
sees meissen/kita/open
for tier in members granted hidden; do misses "meissen/kita/$tier"; done

say 'who may read below a prefix, and who may list'
token=$(node "$meissen" token add --below meissen/kita --name 'Jugendamt, QGIS')
list=$(node_json "$meissen" .token token add --below meissen/kita --may list)
for tier in open members granted hidden; do
	sees "meissen/kita/$tier" "$token"
done
for tier in members granted hidden; do
	misses "meissen/bau/$tier" "$token"
	misses "meissen/bau/$tier" "$list"
	asked 403 "/d/meissen/kita/$tier/files/plaetze.csv" "$list"
done
sees meissen/bau/open "$token"
asked 401 /d/meissen/kita/open/files/plaetze.csv amt_wrong

say 'it is nowhere but with who has it'
if grep -rqaF -e "$token" -e "${token#amt_}" "$meissen" "$work"/*.log; then wrong 'the token is kept'; fi
node "$meissen" audit | grep -q 'token add' || wrong 'the audit log does not tell of it'
if node "$meissen" audit | grep -qF "$token"; then wrong 'the audit log has the token'; fi

say 'what is listed'
[ "$(node_json "$meissen" '.tokens | length' token list)" = 2 ] || wrong 'not two tokens'
id=$(node_json "$meissen" '.tokens[] | select(.may == "read") | .id' token list)
node "$meissen" token list | grep -q 'Jugendamt, QGIS' || wrong 'the list has no name'

say 'out at once: removed, ended, also after a restart'
short=$(node_json "$meissen" .token token add --below meissen --until "$(date -d '+ 15 seconds' '+%Y-%m-%d %H:%M:%S')")
sees meissen/bau/members "$short"
node "$meissen" token remove "$id" >/dev/null
asked 401 /d/meissen/kita/members/files/plaetze.csv "$token"
if node "$meissen" token remove "$id" >/dev/null 2>&1; then wrong 'it is removed twice'; fi
node_stop "$meissen"
node_start "$meissen"
asked 401 /d/meissen/kita/members/files/plaetze.csv "$token"
for _ in 1 2 3; do asked 403 /d/meissen/kita/members/files/plaetze.csv "$list"; done
[ "$(node_json "$meissen" '.tokens[] | select(.may == "list") | .uses' token list)" -ge 3 ] ||
	wrong "uses are forgotten: $(node "$meissen" --json token list)"
is_out() {
	[ "$(curl -sS -m 20 -o "$work/body" -w '%{http_code}' -H "Authorization: Bearer $short" \
		"http://127.0.0.1:$port/d/meissen/bau/members/files/plaetze.csv")" = 401 ]
}
wait_for 40 is_out || wrong 'it has not ended'
