# shellcheck shell=bash disable=SC2154
# Sourced by tools/demo: how it tells its story.

step='preparing'
step_number=0

chapter() {
	step=$1
	step_number=$((step_number + 1))
	printf '\n%s%d  %s%s\n' "$bold" "$step_number" "$1" "$plain"
}

# pad WIDTH TEXT: by characters; printf counts bytes, and Meißen has more of these.
pad() {
	local fill=$(($1 - ${#2}))
	printf '%s%*s' "$2" $((fill > 0 ? fill : 0)) ''
}

seconds() {
	printf '%3d.%02d s' $(($1 / 1000)) $(($1 % 1000 / 10))
}

# sentence TEXT STARTED: with the time since then.
sentence() {
	printf '   %s %s%s%s\n' "$(pad 66 "$1")" "$dim" "$(seconds $(($(now_ms) - $2)))" "$plain"
}

# quote TEXT: what a program said, word for word.
quote() {
	sed "s/^/   | /" <<<"$1"
}

# size BYTES: three digits and a unit.
size() {
	local n=$1 unit
	for unit in 'B ' kB MB GB; do
		if [ "$n" -lt 1000 ] || [ "$unit" = GB ]; then
			printf '%4d %s' "$n" "$unit"
			return
		fi
		n=$(((n + 500) / 1000))
	done
}

# row DATASET WORDS BYTES BYTES STARTED
row() {
	printf '   %s %s %8s %8s  %s%s%s\n' "$(pad 33 "$1")" "$(pad 11 "$2")" "$3" "$4" \
		"$dim" "$(seconds $(($(now_ms) - $5)))" "$plain"
}
