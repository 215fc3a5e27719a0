#!/usr/bin/env bash
# /api/v1: what each visitor is told in lists, counts and tags; and that its description is that of the running node,
# route by route.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
printf 'Ort;Plätze\nMeißen;12\n' >"$work/plaetze.csv"
for tier in open members granted hidden; do
	publish "meissen/kita/$tier" "$work/plaetze.csv" --tier "$tier" --title "Kitas $tier" --theme SOCI >/dev/null
	publish "meissen/bau/$tier" "$work/plaetze.csv" --tier "$tier" --title "Baustellen $tier" --theme TRAN >/dev/null
done
token=$(node "$meissen" token add --below meissen/kita --may list)

# of WHO TARGET: the answer of anyone, token or admin, on standard output
of() {
	case $1 in
	anyone) curl -sS -m 20 "http://127.0.0.1:$port$2" ;;
	token) curl -sS -m 20 -H "Authorization: Bearer $token" "http://127.0.0.1:$port$2" ;;
	admin) curl -sS -m 20 --unix-socket "$meissen/control.sock" "http://node$2" ;;
	esac
}
# is WANTED WHO TARGET JQ
is() {
	local got
	got=$(of "$2" "$3" | jq -c "$4")
	[ "$got" = "$1" ] || wrong "$2: $3 has $4 = $got instead of $1"
}
all_here() { [ "$(of admin /api/v1/datasets | jq .total)" = 8 ]; }
wait_for 20 all_here || wrong "not all are listed: $(of admin /api/v1/datasets)"

say 'each visitor sees its own, and nothing else is counted'
for list in datasets search; do
	is 2 anyone "/api/v1/$list" .total
	is 5 token "/api/v1/$list" .total
	is 8 admin "/api/v1/$list" .total
done
is '["open"]' anyone /api/v1/datasets '[.datasets[].tier] | unique'
is 1 anyone '/api/v1/datasets?q=kitas' .total
is 4 token '/api/v1/datasets?q=kitas' .total
is 1 token '/api/v1/datasets?q=baustellen' .total
is 0 anyone '/api/v1/datasets?q=hidden' .total
is 0 anyone '/api/v1/datasets?below=meissen/kita/members' .total
is 1 token '/api/v1/datasets?below=meissen/kita/members' .total
is '[1,1]' anyone /api/v1/search '[.facets.theme[].count]'
is '[4,1]' token /api/v1/search '[.facets.theme[].count]'
is 2 anyone /api/v1/organisations '.organisations[0].datasets'
is 5 token /api/v1/organisations '.organisations[0].datasets'
is '"absent"' anyone /api/v1/datasets/meissen/kita/members .error
is '"absent"' token /api/v1/datasets/meissen/bau/members .error
is '"plaetze.csv"' token /api/v1/datasets/meissen/kita/hidden '.files[0].name'
[ "$(of anyone /api/v1/datasets/meissen/kita/members)" = "$(of anyone /api/v1/datasets/meissen/kita/nothing)" ] ||
	wrong 'what one may not see is told apart from what is not there'

say 'pages'
of anyone '/api/v1/datasets?limit=1&sort=path&q=' >"$work/page"
[ "$(jq -r '.datasets[0].dataset' "$work/page")" = meissen/bau/open ] || wrong "the first page: $(cat "$work/page")"
next=$(jq -r .next "$work/page")
[ "$(curl -sS "$next" | jq -r '.datasets[0].dataset, .next' | paste -sd' ')" = 'meissen/kita/open null' ] ||
	wrong "the second page: $(curl -sS "$next")"
is '"usage"' anyone '/api/v1/datasets?limit=1001' .error
is '"usage"' anyone '/api/v1/datasets?sort=size' .error
is '"usage"' anyone '/api/v1/datasets?rows=1' .error

# tag WHO: of the list
tag() {
	local header=()
	[ "$1" = anyone ] || header=(-H "Authorization: Bearer $token")
	curl -sS -m 20 -o /dev/null -D - "${header[@]}" "http://127.0.0.1:$port/api/v1/datasets" | tr -d '\r' | sed -n 's/^ETag: //Ip'
}
say 'what is not for them changes nothing'
before=$(tag anyone) token_before=$(tag token)
[ -n "$before" ] && [ "$before" != "$token_before" ] || wrong "the tags are $before and $token_before"
publish meissen/kita/neu "$work/plaetze.csv" --tier members >/dev/null
more() { [ "$(of token /api/v1/datasets | jq .total)" = 6 ]; }
wait_for 20 more || wrong 'the new one is not listed'
[ "$(tag anyone)" = "$before" ] || wrong 'a dataset of the members changes the tag of everybody'
[ "$(tag token)" != "$token_before" ] || wrong 'a dataset of the members does not change the tag of who sees it'
[ "$(curl -sS -o /dev/null -w '%{http_code}' -H "If-None-Match: $before" "http://127.0.0.1:$port/api/v1/datasets")" = 304 ] ||
	wrong 'the same list is sent again'

say 'the description is that of the running node, route by route'
of anyone /api/v1/openapi.json >"$work/openapi.json"
bounded 60 python3 - "$root" "$port" "$work/openapi.json" <<'PYTHON' || exit 1
import http.client, json, pathlib, re, sys
root, port, file = sys.argv[1:4]
document = json.load(open(file, encoding="utf-8"))
wrong = []

def ask(method, path):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=15)
    connection.request(method, path, body="{}" if method == "POST" else None)
    answer = connection.getresponse()
    return answer.status, dict((name.lower(), value) for name, value in answer.getheaders()), answer.read()

# what the sources have
routes = set()
for source in pathlib.Path(root, "node").rglob("*.c"):
    for method, path, rest in re.findall(r'{HTTP_(\w+), "([^"]+)"((?:[^{}]|{[^{}]*})*)', source.read_text(encoding="utf-8")):
        if re.search(r"WHO_(ANYONE|TOKEN)", rest):
            routes.add((method, path))
shown = set()
for path, item in document["paths"].items():
    methods = {method.upper() for method in item}
    pattern = re.sub(r"\{part\d+\}", "*", path.replace("{rest}", "**"))
    shown |= {(method, pattern) for method in methods}
    target = re.sub(r"\{\w+\}", "x", path)
    # what the node answers there
    status, headers, _ = ask("OPTIONS", target)
    allowed = set(headers.get("allow", "").split(", ")) - {"OPTIONS", "HEAD"}
    if status != 204 or not methods <= allowed:
        wrong.append(f"{path}: {status}, allowed {allowed}, described {methods}")
    status, headers, _ = ask("DELETE", target)
    if status != 405 or "allow" not in headers:
        wrong.append(f"DELETE {path}: {status}")
    for method, operation in item.items():
        names = {parameter["name"] for parameter in operation["parameters"] if parameter["in"] == "query"}
        if method == "get" and names and "others" not in names:
            status, _, body = ask("GET", target + "?no-such-parameter=1")
            if status != 400:
                wrong.append(f"GET {path} takes a parameter that is not described: {status}")
        for name in names - {"others"}:
            status, _, body = ask(method.upper(), f"{target}?{name}=1")
            if b"there is no parameter" in body or status == 500:
                wrong.append(f"{method} {path} does not take {name}: {status} {body[:200]}")
for route in sorted(routes ^ shown):
    wrong.append(f"{route} is in only one of the sources and the description")
if len(shown) < 6:
    wrong.append(f"too few routes: {shown}")
print("\n".join(wrong) or f"{len(shown)} routes")
sys.exit(1 if wrong else 0)
PYTHON
