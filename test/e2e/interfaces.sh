#!/usr/bin/env bash
# docs/INTERFACES.md: every address on it answers, and every command does what it says, as they are printed.
. "$(dirname -- "${BASH_SOURCE[0]}")/lib.sh"

page=$root/docs/INTERFACES.md
node_init "$meissen" meissen "${node_init_default[@]}"
printf 'http = 127.0.0.1:0\n' >>"$meissen/config"
node_start "$meissen"
node "$meissen" federation create --name Landkreis >/dev/null
base=http://$(node_json "$meissen" .node.http status)
printf 'name;plz;lat;lon;schueler\nGrundschule;01662;51,16;13,47;210\nGymnasium;01662;51,17;13,48;640\n' >"$work/schulen.csv"
node "$meissen" publish meissen/bildung/schulen "$work/schulen.csv" --tier open --title 'Schulen in Meißen' \
	--description 'Alle Schulen.' --keyword Schule --theme EDUC --license dl-by-de/2.0 --attribution Meißen >/dev/null

# of_page PATTERN: lines of its blocks, with the address of this node.
of_page() {
	sed -n "s/^    //p" "$page" | grep -E -- "$1" | sed "s|BASE|$base|g"
}
status_of() {
	curl -s -o "$work/body" -w '%{http_code}' --max-time 20 -- "$1" || true
}
answers() {
	[ "$(status_of "$1")" = 200 ]
}

say 'every address answers'
count=0
while read -r url; do
	wait_for 60 answers "$url" || wrong "$url is answered with $(status_of "$url"): $(head -c 300 "$work/body")"
	count=$((count + 1))
done < <(of_page '^BASE')
[ "$count" -ge 20 ] || wrong "only $count addresses were found on the page"

say 'the commands do what they say'
cd "$work"
while read -r -a command; do
	case ${command[0]} in
	allmende)
		HOME=$work/nowhere "$allmende" "${command[@]:1}" >"$work/said" 2>&1 || wrong "${command[*]}: $(cat "$work/said")"
		grep -q meissen "$work/said" || wrong "it does not say who published it: $(cat "$work/said")"
		;;
	*)
		if ! command -v "${command[0]}" >/dev/null; then
			say "${command[0]} is not installed: skipped"
			continue
		fi
		bounded 60 "${command[@]}" >"$work/said" 2>&1 || wrong "${command[*]}: $(cat "$work/said")"
		;;
	esac
done < <(of_page '^(allmende|ogrinfo|ogr2ogr) ')
if command -v ogrinfo >/dev/null; then
	[ "$(ogrinfo -ro -al -so schulen.gpkg | sed -n 's/^Feature Count: //p')" = 2 ] || wrong 'GDAL has not got both schools'
fi
clean "$meissen"
