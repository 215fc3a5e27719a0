#!/usr/bin/env bash
# Behind a reverse proxy, set up as docs/HTTP.md says: nginx and Apache, each where it is installed.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

PATH=$PATH:/usr/sbin
nginx=$(type -P nginx) || nginx=
apache=$(type -P apache2) || apache=
if [ -z "$nginx$apache" ]; then
	echo 'skipped: neither nginx nor apache2 is installed'
	exit 77
fi

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
echo 'http-proxies = 127.0.0.1' >>"$meissen/config"
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
mkdir -p "$work/kita/a b"
testdata 1 3000000 mixed >"$work/kita/a b/groß.bin"
publish meissen/kita "$work/kita" --tier open >/dev/null
publish meissen/intern "$work/kita" --tier members >/dev/null
token=$(node "$meissen" token add --below meissen)

# snippet HEADING: the block below it, without what needs a certificate
snippet() {
	awk -v h="## $1" '$0 == h { on = 1; next } /^## / { on = 0 } on && /^    / { print substr($0, 5) }' "$root/docs/HTTP.md" |
		grep -viE 'ssl_certificate|SSLEngine|SSLCertificate' |
		sed "s/127\.0\.0\.1:7480/127.0.0.1:$port/; s/443 ssl/127.0.0.1:$proxy/; s/\*:443/127.0.0.1:$proxy/"
}
# asked STATUS PATH [CURL-ARGUMENT...]
asked() {
	local status
	status=$(curl -sS -m 20 -o "$work/body" -w '%{http_code}' -H 'Host: daten.meissen.example' "${@:3}" "http://127.0.0.1:$proxy$2")
	[ "$status" = "$1" ] || wrong "$name: $2 is answered with $status instead of $1: $(head -c 300 "$work/body")"
}
behind() {
	local scheme=$1 who=$2
	answers() { curl -sS -o /dev/null "http://127.0.0.1:$proxy/healthz" 2>/dev/null; }
	wait_for 10 answers || wrong "$name does not answer: $(cat "$work/$name.log")"
	asked 200 '/d/meissen/kita/files/a%20b/gro%C3%9F.bin'
	same "$work/kita/a b/groß.bin" "$work/body"
	asked 200 '/d/meissen/kita/files/a%20b%2Fgro%C3%9F.bin'
	asked 206 '/d/meissen/kita/files/a%20b/gro%C3%9F.bin' -H 'Range: bytes=5-8'
	asked 200 /api/v1/datasets
	[ "$(jq -r '.datasets[0].url' "$work/body")" = "$scheme://daten.meissen.example/d/meissen/kita" ] ||
		wrong "$name: the address is $(jq -r '.datasets[0].url' "$work/body")"
	[ "$(jq .total "$work/body")" = 1 ] || wrong "$name: not one dataset"
	asked 200 /api/v1/datasets -H "Authorization: Bearer $token"
	[ "$(jq .total "$work/body")" = 2 ] || wrong "$name: the token is lost on the way"
	asked 400 '/d/meissen/kita/files/%ff'
	asked 404 /metrics
	# of who asks, not of the proxy
	for _ in {1..20}; do asked 401 /api/v1/datasets -H 'Authorization: Bearer amt_x' --interface "$who"; done
	asked 429 /api/v1/datasets -H 'Authorization: Bearer amt_x' --interface "$who"
	asked 401 /api/v1/datasets -H 'Authorization: Bearer amt_x'
}
listed() { [ "$(curl -sS "http://127.0.0.1:$port/api/v1/datasets" | jq .total)" = 1 ]; }
wait_for 20 listed || wrong 'it is not listed'

if [ -n "$nginx" ]; then
	say 'nginx'
	name=nginx proxy=$(port_free)
	{
		printf 'daemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\nevents {}\nhttp {\naccess_log off;\n' "$work" "$work"
		for part in client_body proxy fastcgi uwsgi scgi; do printf '%s_temp_path %s/%s;\n' "$part" "$work" "$part"; done
		snippet nginx
		echo '}'
	} >"$work/nginx.conf"
	"$nginx" -c "$work/nginx.conf" -e "$work/nginx.log" 2>"$work/nginx.err" &
	helper_pids+=($!)
	behind http 127.0.0.9
fi
if [ -n "$apache" ]; then
	say 'Apache'
	name=apache proxy=$(port_free)
	modules=/usr/lib/apache2/modules
	{
		printf 'ServerRoot %s\nPidFile %s/apache.pid\nErrorLog %s/apache.log\nListen 127.0.0.1:%s\nServerName x\nMutex file:%s\n' \
			"$work" "$work" "$work" "$proxy" "$work"
		[ "$(id -u)" != 0 ] || printf 'User nobody\nGroup nogroup\n'
		for module in mpm_event authz_core proxy proxy_http headers; do
			printf 'LoadModule %s_module %s/mod_%s.so\n' "$module" "$modules" "$module"
		done
		grep -q . <(ls "$modules/mod_unixd.so" 2>/dev/null) && printf 'LoadModule unixd_module %s/mod_unixd.so\n' "$modules"
		snippet Apache
	} >"$work/apache.conf"
	"$apache" -X -d "$work" -f "$work/apache.conf" 2>"$work/apache.err" &
	helper_pids+=($!)
	behind https 127.0.0.10
fi
