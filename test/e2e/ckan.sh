#!/usr/bin/env bash
# CKAN's Action API as its clients use it: a harvester walks through pages until no new id comes, and then by what has
# changed; errors as real servers give them; nothing that is sealed is seen by anybody unknown.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null

printf 'kita;plaetze\nA;12\n' >"$work/plaetze.csv"
for i in $(seq 1 23); do
	printf 'a;b\n%s;2\n' "$i" >"$work/tabelle.csv"
	node "$meissen" publish "meissen/reihe/nr$i" "$work/tabelle.csv" --tier open --title "Reihe $i" \
		--theme ENVI --license http://dcat-ap.de/def/licenses/dl-by-de/2.0 --keyword Bäume >/dev/null
done
node "$meissen" publish meissen/kita "$work/plaetze.csv" --tier open --title 'Kindertagesstätten' --theme EDUC \
	--license cc-zero --keyword Kita --description 'Freie Plätze' >/dev/null
node "$meissen" publish meissen/streng "$work/plaetze.csv" --tier members --title 'Streng' --keyword Kita --theme EDUC >/dev/null
node "$meissen" publish meissen/geheim "$work/plaetze.csv" --tier hidden --title 'Geheim' >/dev/null

# client WHAT: the questions below.
client() {
	bounded 60 python3 - "$port" "$meissen/control.sock" "$1" <<'PYTHON'
import http.client, json, re, socket, sys, time, urllib.parse
port, sock, what = sys.argv[1:]

def ask(method, target, body=None, admin=False, head={}):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=15)
    if admin:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(sock)
    data = None if body is None else json.dumps(body).encode()
    connection.request(method, target, data, {"Content-Type": "application/json", **head} if data else head)
    answer = connection.getresponse()
    return answer.status, answer.headers, json.loads(answer.read())

def get(action, admin=False, base="/api/3/action/", **args):
    target = base + action + ("?" + urllib.parse.urlencode(args, doseq=True) if args else "")
    status, _, out = ask("GET", target, admin=admin)
    return status, out

def result(action, **args):
    status, out = get(action, **args)
    assert status == 200 and out["success"] is True, (action, args, status, out)
    assert re.match(r"http://127\.0\.0\.1:\d+/api/3/action/help_show\?name=" + action, out["help"]) or args.get("admin"), out["help"]
    return out["result"]

def fails(status, kind, action, **args):
    got, out = get(action, **args)
    assert got == status and out["success"] is False and "result" not in out, (action, args, got, out)
    assert out["error"]["__type"] == kind, out

def harvest(admin=False, **more):
    """As ckanext-harvest's gather stage does."""
    ids, packages, start = set(), [], 0
    while True:
        page = result("package_search", rows=10, start=start, sort="id asc", admin=admin, **more)["results"]
        new = [package for package in page if package["id"] not in ids]
        if not new:
            return packages
        assert len(new) == len(page), "a page repeats what came before"
        ids |= {package["id"] for package in new}
        packages += new
        start += 10

def names(packages):
    return sorted(package["name"] for package in packages)

OPEN = sorted([f"meissen--reihe--nr{i}" for i in range(1, 24)] + ["meissen--kita"])

def settled():
    """All are in the index, with their files, whose SHA-256 comes last."""
    if get("package_search", rows=0)[0] != 200:
        return False
    found = result("resource_search", query="format:csv")
    return (found["count"] == 24 and all(one["hash"] for one in found["results"])
            and result("package_search", rows=0, fq="res_format:CSV", admin=True)["count"] == 26)

for _ in range(200):
    if settled():
        break
    time.sleep(0.1)

if what == "walk":
    assert names(harvest()) == OPEN
    assert names(harvest(admin=True)) == sorted(OPEN + ["meissen--streng", "meissen--geheim"])
    assert names(harvest(fq="organization:meissen")) == OPEN
    assert harvest(fq="-organization:meissen") == []
    assert names(harvest(fq="groups:educ OR groups:heal")) == ["meissen--kita"]
    assert names(harvest(fq_list=["groups:envi", "res_format:CSV"])) == [name for name in OPEN if "reihe" in name]
    private = {package["name"]: package["private"] for package in harvest(admin=True)}
    assert private["meissen--streng"] and not private["meissen--kita"]
    assert names(harvest(admin=True, include_private="false")) == OPEN
elif what == "increment":
    packages = harvest()
    newest = max(package["metadata_modified"] for package in packages)
    later = harvest(fq=f"metadata_modified:[{newest}Z TO *]")
    assert [package["metadata_modified"] for package in later] == [newest], later
    order = [p["metadata_modified"] for p in result("package_search", rows=100, sort="metadata_modified desc")["results"]]
    assert order == sorted(order, reverse=True) and len(set(order)) == 24, order
    print(newest)
elif what == "package":
    package = result("package_show", id="meissen--kita")
    assert package == result("package_show", id=package["id"]) == result("package_search", fq="name:meissen--kita")["results"][0]
    assert re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", package["id"])
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}", package["metadata_modified"]), package["metadata_modified"]
    assert package["type"] == "dataset" and package["state"] == "active" and package["private"] is False
    assert package["title"] == "Kindertagesstätten" and package["notes"] == "Freie Plätze"
    assert package["isopen"] is True and package["license_id"] == "cc-zero", package["license_id"]
    assert package["organization"]["name"] == "meissen" and package["owner_org"] == package["organization"]["id"]
    assert [tag["name"] for tag in package["tags"]] == ["Kita"] and package["num_tags"] == 1
    assert [group["name"] for group in package["groups"]] == ["educ"]
    extras = {extra["key"]: extra["value"] for extra in package["extras"]}
    assert extras["guid"] == package["id"] and extras["uri"].endswith("/id/" + package["id"])
    assert json.loads(extras["theme"]) == ["http://publications.europa.eu/resource/authority/data-theme/EDUC"], extras
    resource, = package["resources"]
    assert package["num_resources"] == 1 and resource["package_id"] == package["id"] and resource["position"] == 0
    assert resource["name"] == "plaetze.csv" and resource["format"] == "CSV" and resource["size"] == 18
    assert resource["mimetype"] == "text/csv", resource["mimetype"]
    assert result("resource_show", id=resource["id"]) == resource
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=15)
    connection.request("GET", urllib.parse.urlparse(resource["url"]).path)
    assert connection.getresponse().read() == b"kita;plaetze\nA;12\n"
    found = result("resource_search", query="name:PLAETZE")
    assert found["count"] == 1 and found["results"][0]["id"] == resource["id"], found
    assert result("resource_search", query="format:csv")["count"] == 24
    # by POST, and under the older address
    status, head, out = ask("POST", "/api/action/package_show", {"id": "meissen--kita"})
    assert status == 200 and out["result"] == package and head["Access-Control-Allow-Origin"] == "*"
elif what == "lists":
    assert result("package_list") == OPEN
    assert result("package_list", limit=5, offset=2) == OPEN[2:7]
    assert result("organization_list") == ["meissen"]
    organisation, = result("organization_list", all_fields="true")
    assert organisation["package_count"] == 24 and result("organization_show", id="meissen")["id"] == organisation["id"]
    assert len(result("organization_show", id=organisation["id"], include_datasets="true")["packages"]) == 24
    assert sorted(result("group_list")) == ["educ", "envi"]
    assert result("group_show", id="educ")["package_count"] == 1
    assert sorted(result("tag_list")) == ["Bäume", "Kita"]
    licences = {licence["id"]: licence for licence in result("license_list")}
    assert licences["dl-by-de/2.0"]["isopen"] and licences["dl-by-de/2.0"]["is_by"] and len(licences) == 34, len(licences)
    assert result("site_read") is True
    assert result("status_show")["ckan_version"].startswith("2.")
    assert "metadata_modified" in result("help_show", name="package_search")
elif what == "facets":
    for fields in ('["organization", "groups", "tags", "res_format", "license_id"]', "organization groups tags res_format license_id",
                   ["organization", "groups", "tags", "res_format", "license_id"]):
        found = result("package_search", **{"rows": 0, "facet.field": fields})
        assert found["facets"] == {"organization": {"meissen": 24}, "groups": {"envi": 23, "educ": 1}, "tags": {"Bäume": 23, "Kita": 1},
                                   "res_format": {"CSV": 24}, "license_id": {"dl-by-de/2.0": 23, "cc-zero": 1}}, found["facets"]
        assert found["search_facets"]["groups"]["items"][0]["count"] == 23
    assert result("package_search", **{"rows": 0, "facet.field": "groups", "facet.mincount": 2})["facets"] == {"groups": {"envi": 23}}
    assert result("package_search", **{"rows": 0, "facet.field": "groups", "facet.limit": 1, "q": "kita"})["facets"] == {"groups": {"educ": 1}}
    assert result("package_search", **{"rows": 0, "facet.field": "tags", "admin": True})["facets"] == {"tags": {"Bäume": 23, "Kita": 2}}
    page = result("package_search", rows=5000)
    assert page["rows"] == page["rows_max"] == 1000 and len(page["results"]) == 24
    assert len(result("package_search")["results"]) == 10
    for q, count in {"kita": 1, "tagesstätte": 1, "Kindertagestätten": 1, "baume": 23, "title:Reihe": 23, "*:*": 24, "nirgends": 0,
                     "reihe groups:envi": 23}.items():
        assert result("package_search", q=q)["count"] == count, q
elif what == "errors":
    fails(404, "Not Found Error", "package_show", id="meissen--nichts")
    fails(404, "Not Found Error", "package_show", id="meissen--streng")
    fails(404, "Not Found Error", "package_show", id="00000000-0000-8000-8000-000000000000")
    fails(404, "Not Found Error", "organization_show", id="riesa")
    fails(404, "Not Found Error", "group_show", id="heal")
    fails(404, "Not Found Error", "resource_show", id="00000000-0000-8000-8000-000000000000")
    fails(409, "Validation Error", "package_show")
    fails(409, "Validation Error", "package_search", rows="viele")
    fails(409, "Validation Error", "package_search", rows=-1)
    fails(409, "Validation Error", "package_show", id=["a", "b"])
    fails(400, "Search Query Error", "package_search", fq="nonsense:x")
    fails(400, "Search Query Error", "package_search", fq="organization:a OR groups:b")
    fails(400, "Search Query Error", "package_search", sort="views desc")
    fails(400, "Search Query Error", "package_search", fl="id")
    fails(400, "Search Query Error", "package_search", **{"facet.field": "nonsense"})
    for action in ("package_create", "package_update", "resource_delete", "datastore_upsert", "organization_member_create"):
        fails(403, "Authorization Error", action)
        status, _, out = ask("POST", "/api/3/action/" + action, {"id": "x"})
        assert status == 403 and out["success"] is False, out
    status, out = get("nonsense")
    assert status == 400 and out == "Bad request - Action name not known: nonsense", out
    status, _, out = ask("POST", "/api/3/action/package_search", [1])
    assert status == 400, status
    status, _, out = ask("PUT", "/api/3/action/package_search", {})
    assert status == 405, status
PYTHON
}

say 'a harvester walks: every open dataset once, and only those'
client walk
say 'a package, its resource, and what they lead to'
client package
say 'lists'
client lists
say 'facets, words, pages'
client facets
say 'errors'
client errors
say 'what has changed since the last time'
since=$(client increment)
printf 'a;b\n99;2\n' >"$work/tabelle.csv"
node "$meissen" publish meissen/reihe/nr5 "$work/tabelle.csv" >/dev/null
changed() {
	[ "$(bounded 20 python3 -c '
import json, sys, urllib.parse, urllib.request
url = "http://127.0.0.1:%s/api/3/action/package_search?" % sys.argv[1]
fq = "metadata_modified:{%sZ TO *]" % sys.argv[2]
print(*[p["name"] + p["version"] for p in json.load(urllib.request.urlopen(url + urllib.parse.urlencode({"fq": fq})))["result"]["results"]])
' "$port" "$since")" = meissen--reihe--nr52 ]
}
wait_for 10 changed || wrong 'the changed dataset, and it alone, does not come by metadata_modified'

say 'withdrawn, and narrowed: not there any more'
node "$meissen" withdraw meissen/kita --reason 'falsch' --yes >/dev/null
node "$meissen" publish meissen/reihe/nr5 "$work/tabelle.csv" --tier members >/dev/null
gone() {
	[ "$(bounded 20 python3 -c '
import json, sys, urllib.request
print(json.load(urllib.request.urlopen("http://127.0.0.1:%s/api/3/action/package_search?rows=0" % sys.argv[1]))["result"]["count"])
' "$port")" = 22 ]
}
wait_for 10 gone || wrong 'what was withdrawn or narrowed is still counted'
