#!/bin/sh
# Install what is missing of grader/packages.txt: install.sh GROUP...
#
# Says what it installs, uses sudo where it is not root, and asks nothing. Where
# there is no apt, it names what is missing in one line and exits 2.
set -eu
list=$(dirname "$0")/packages.txt

there() {
	case $1 in
	/*) [ -e "$1" ] ;;
	*) command -v "$1" >/dev/null 2>&1 ;;
	esac
}

packages= programs=
for group in "$@"; do
	while read -r for package shows; do
		if [ "$for" = "$group" ] && ! there "$shows"; then
			packages="$packages $package"
			programs="$programs ${shows##*/}"
		fi
	done <"$list"
done
[ -n "$packages" ] || exit 0

if ! command -v apt-get >/dev/null 2>&1; then
	echo "cub: missing:$programs (Debian's packages:$packages); install them and try again" >&2
	exit 2
fi
root=
if [ "$(id -u)" != 0 ]; then
	if ! command -v sudo >/dev/null 2>&1; then
		echo "cub: missing packages:$packages; install them as root and try again" >&2
		exit 2
	fi
	root=sudo
fi

echo "cub: installing with apt:$packages"
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! { $root apt-get update &&
	$root env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends $packages; } \
	>"$log" 2>&1; then
	tail -n 5 "$log" >&2
	echo "cub: apt could not install:$packages" >&2
	exit 2
fi
