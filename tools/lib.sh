# shellcheck shell=bash disable=SC2034
# Sourced by tools/check and tools/quickstart: packages, builds, and what a person is told on the way.
# Sets `root`, the checkout, and leaves the caller's directory alone.

root=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
export LC_ALL=C.UTF-8
PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin

# Colour is for people: only on a terminal, and not against their wish.
if [ -t 1 ] && [ -z "${NO_COLOR:-}" ] && [ "${TERM:-dumb}" != dumb ]; then
	bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' red=$'\e[31m' plain=$'\e[0m'
else
	bold='' dim='' green='' red='' plain=''
fi

# die WHAT WHAT-TO-DO
die() {
	printf '%sfailed:%s %s\n' "$red" "$plain" "$1" >&2
	printf 'what to do: %s\n' "$2" >&2
	exit 1
}

# step_run LOG COMMAND...: runs the command with its output in LOG; shows the end of it on failure.
step_run() {
	local log=$1
	shift
	if ! ("$@") >"$log" 2>&1 </dev/null; then
		tail -n 40 -- "$log" >&2
		return 1
	fi
}

# packages_list GROUP...: names of the packages of these groups.
packages_list() {
	local group
	for group in "$@"; do
		sed -n "s/^$group  *//p" "$root/tools/packages"
	done
}

# packages_missing NAME...: those of the names that are not installed.
packages_missing() {
	local name
	for name in "$@"; do
		[ "$(dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null)" = installed ] ||
			printf '%s\n' "$name"
	done
}

# packages_install NAME...: with the words in the array `become` in front of it.
packages_install() {
	local try apt=("${become[@]}" env DEBIAN_FRONTEND=noninteractive PATH="$PATH" apt-get -q
		-o DPkg::Lock::Timeout=300 -o Acquire::Retries=3)
	# The first try does without `update`: on most machines the lists are there and fresh enough.
	for try in 1 2 3; do
		"${apt[@]}" install -y --no-install-recommends "$@" && return
		[ "$try" = 3 ] || "${apt[@]}" update || sleep 5
	done
	return 1
}

# packages_ensure GROUP...: installs what is missing. Says nothing when nothing is.
packages_ensure() {
	local wanted missing log become=()
	[ "${ALLMENDE_PACKAGES:-}" != present ] || return 0
	mapfile -t wanted < <(packages_list "$@")
	if ! (. /etc/os-release && [ "${ID:-}-${VERSION_ID:-}" = debian-12 ]) 2>/dev/null; then
		printf 'This is not Debian 12. These are the packages, by the names they have there:\n\n'
		printf '  %s\n' "${wanted[@]}"
		die "nothing is installed on another system than Debian 12" \
			"install what corresponds to them, then run again with ALLMENDE_PACKAGES=present"
	fi
	mapfile -t missing < <(packages_missing "${wanted[@]}")
	[ "${#missing[@]}" -gt 0 ] || return 0
	printf '%sInstalling packages:%s %s\n' "$bold" "$plain" "${missing[*]}"
	if [ "$(id -u)" != 0 ]; then
		# Without a terminal nobody can type a password: then it must do without.
		become=(sudo)
		{ : </dev/tty; } 2>/dev/null || become=(sudo -n)
		"${become[@]}" true ||
			die 'only root may install packages' "as root: apt-get install ${missing[*]}"
	fi
	log=$(mktemp)
	if ! step_run "$log" packages_install "${missing[@]}"; then
		rm -f -- "$log"
		die "installing packages" \
			"see the lines above; by hand: apt-get install ${missing[*]}"
	fi
	rm -f -- "$log"
}

# build_configured DIR MESON-OPTION...: configures DIR under the checkout for these options, anew
# when it was for others, another compiler or another place. CC chooses the compiler.
build_configured() {
	local dir=$root/$1 stamp
	shift
	stamp="$root ${CC:-cc} $*"
	[ "$(cat "$dir/configured-for" 2>/dev/null)" != "$stamp" ] || return 0
	if [ -d "$dir" ] && [ ! -d "$dir/meson-private" ] && [ -n "$(ls -A -- "$dir")" ]; then
		die "$dir is in the way: it is not a build directory" "move it away"
	fi
	rm -rf -- "$dir"
	meson setup "$dir" "$root" "$@" || return 1
	printf '%s\n' "$stamp" >"$dir/configured-for"
}

# build_ready DIR MESON-OPTION...: configures and builds all.
build_ready() {
	build_configured "$@" && ninja -C "$root/$1"
}
