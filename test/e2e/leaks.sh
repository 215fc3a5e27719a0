#!/usr/bin/env bash
# Every address of the public port, for each tier and each visitor: who may not see a dataset is answered as if it were
# not there, to the byte, and no word of it stands in any answer, header, count or list.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

port=$(port_free)
node_init "$meissen" meissen --listen 127.0.0.1:0 --http "127.0.0.1:$port" --no-passphrase
node_start "$meissen"
node "$meissen" federation create --name 'Landkreis Meißen' >/dev/null
# Each has a word of its own in its path, title, keyword, file name and rows.
for place in amt bau; do
	for tier in open members granted hidden; do
		word=w$place$tier
		printf 'name;lat;lon\n%s;51,16;13,47\nb;51,17;13,48\n' "$word" >"$work/$word.csv"
		node "$meissen" publish "meissen/$place/$word" "$work/$word.csv" --tier "$tier" --title "Titel $word" \
			--description "Text $word" --keyword "$word" --theme EDUC --license cc-zero >/dev/null
	done
done
token=$(node "$meissen" token add --below meissen/amt)

bounded 250 python3 - "$port" "$meissen/control.sock" "$token" <<'PYTHON'
import http.client, io, json, re, socket, sys, time, zipfile
port, sock, token = sys.argv[1:]
TIERS = ("open", "members", "granted", "hidden")
ALL = {(place, tier): f"w{place}{tier}" for place in ("amt", "bau") for tier in TIERS}
SEES = {"anyone": {("amt", "open"), ("bau", "open")},
        "token": {key for key in ALL if key[0] == "amt"} | {("bau", "open")},
        "admin": set(ALL)}
# What stands for a dataset's word, W, and its place, P.
OF_ONE = """/d/meissen/P/W /d/meissen/P/W.ttl /d/meissen/P/W.rdf /d/meissen/P/W.jsonld /d/meissen/P/W/versions
/d/meissen/P/W/feed.atom /d/meissen/P/W/files/W.csv /d/meissen/P/W@1/files/W.csv /d/meissen/P/W/files/W.csv.sig
/d/meissen/P/W/files/W.json /d/meissen/P/W/files/W.geojson /d/meissen/P/W/files/W.xlsx /d/meissen/P/W/files/W.sqlite
/api/v1/datasets/meissen/P/W /api/3/action/package_show?id=meissen--P--W /ogc/collections/LAYER
/ogc/collections/LAYER/items /ogc/collections/LAYER/items/1
/wfs?service=WFS&version=2.0.0&request=GetFeature&typeNames=TYPE
/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType&typeNames=TYPE""".split()
# Searched for a word, the answer says the word again only if it echoes the question: those are compared instead.
SEARCHES = """/api/v1/search?q=W /api/v1/datasets?q=W /api/v1/datasets?keyword=W /api/v1/datasets?below=meissen/P/W
/api/3/action/package_search?q=W /api/3/action/package_search?fq=tags:W /api/3/action/resource_search?query=name:W""".split()
LISTS = """/ /d/ /d/meissen /catalog.ttl /catalog.rdf /catalog.xml /catalog.jsonld /feed.atom /d/meissen/feed.atom
/api/v1/status /api/v1/datasets /api/v1/search /api/v1/organisations /api/v1/openapi.json /api/3/action/package_list
/api/3/action/package_search?rows=1000 /api/3/action/organization_list?all_fields=true /api/3/action/tag_list
/api/3/action/group_list?all_fields=true /api/3/action/organization_show?id=meissen&include_datasets=true
/api/3/action/status_show /ogc /ogc/api /ogc/collections /wfs?service=WFS&request=GetCapabilities
/wfs?service=WFS&version=2.0.0&request=DescribeFeatureType /services.json /qgis.qlr""".split()


def ask(who, target, accept=None):
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)
    head = {"Host": "daten.example"}
    if who == "admin":
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(sock)
    elif who == "token":
        head["Authorization"] = f"Bearer {token}"
    if accept:
        head["Accept"] = accept
    connection.request("GET", target, headers=head)
    answer = connection.getresponse()
    body = answer.read()
    head = {name: value for name, value in answer.getheaders() if name not in ("Date", "Content-Length")}
    connection.close()
    return answer.status, head, body


def words_in(head, body):
    texts = [repr(head).encode(), body]
    if body[:2] == b"PK":
        texts += [part for name in zipfile.ZipFile(io.BytesIO(body)).namelist()
                  for part in [zipfile.ZipFile(io.BytesIO(body)).read(name)]]
    return {key for key, word in ALL.items() if any(word.encode() in text.lower() for text in texts)}


def settled(who, target, accept=None):
    """While tables and feeds are being made, it is 503."""
    for _ in range(300):
        status, head, body = ask(who, target, accept)
        if status != 503:
            return status, head, body
        time.sleep(0.2)
    sys.exit(f"{who} {target}: still 503: {body[:200]}")


def wrong(*what):
    sys.exit("WRONG: " + " ".join(map(str, what)))


def all_listed():
    layers = words_in({}, ask("admin", "/ogc/collections")[2])
    feed = words_in({}, ask("anyone", "/catalog.ttl")[2])
    return layers == set(ALL) and feed == SEES["anyone"]


for _ in range(300):
    if all_listed():
        break
    time.sleep(0.2)
else:
    wrong("not all is there:", words_in({}, ask("admin", "/ogc/collections")[2]))

layers, types = {}, {}
for layer in json.loads(ask("admin", "/ogc/collections", "application/json")[2])["collections"]:
    layers[next(word for word in ALL.values() if word in layer["id"])] = layer["id"]
capabilities = ask("admin", "/wfs?service=WFS&request=GetCapabilities")[2].decode()
for name in re.findall(r"<(?:wfs:)?Name>([^<]*)</", capabilities):
    types[next(word for word in ALL.values() if word in name)] = name
for target in LISTS:
    for accept in ("text/html", "application/json", None):
        for who, sees in SEES.items():
            status, head, body = settled(who, target, accept)
            extra = words_in(head, body) - sees
            if extra or status >= 400:
                wrong(who, target, accept, "answers", status, "and tells of", extra)

asked = 0
for (place, tier), word in ALL.items():
    for pattern in OF_ONE + SEARCHES:
        target = re.sub(r"\bP\b", place, re.sub(r"\bW\b", word, pattern))
        target = target.replace("LAYER", layers[word]).replace("TYPE", types[word])
        for who, sees in SEES.items():
            status, head, body = settled(who, target)
            asked += 1
            if (place, tier) in sees:
                if status != 200 and not (pattern.endswith((".sig", ".ttl", ".rdf", ".jsonld")) and status in (404, 406)):
                    wrong(who, target, "may be seen, and is answered with", status, body[:200])
                continue
            # The same word with other letters is a dataset that never was.
            never = "x" + word[1:]
            other = settled(who, target.replace(word, never))
            same = [(part[0], repr(part[1]).replace(never, word), part[2].replace(never.encode(), word.encode()))
                    for part in ((status, head, body), other)]
            strip = lambda part: (part[0], re.sub(r"ETag': '[^']*'", "", part[1]), re.sub(rb'"(timeStamp|help)":\s*"[^"]*"', b"", part[2]))
            if strip(same[0]) != strip(same[1]):
                wrong(who, target, "is told apart from what never was:", same[0], same[1])
print(f"   {len(LISTS)} lists and {asked} questions")
PYTHON
clean "$meissen"
