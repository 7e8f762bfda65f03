#!/bin/sh
# SPDX-License-Identifier: MIT
# Another system in a folder, by debootstrap, as root:
#   system.sh make FOLDER SUITE      a minimal one; exits with 1, and says why, if its packages are not available
#   system.sh in FOLDER COMMAND…     runs a command inside, with processes and mounts of its own
# Packages come from the mirror that apt uses here, if that has the suite, and else from debootstrap's
# own. GRMON_DEBS=FOLDER keeps them for the next time.
set -eu

# Lists and packages of a suite of Debian, without a change to those of this machine.
unpack_debian() { # unpack_debian SUITE PACKAGE FOLDER
	mkdir -p "$3/apt/lists/partial" "$3/apt/cache/archives/partial" "$3/root"
	echo "deb [arch=amd64] $(mirror_of debian) $1 main" >"$3/apt/sources"
	for words in update "download $2"; do
		# shellcheck disable=SC2086
		(cd "$3" && apt-get -q -o Dir::Etc::sourcelist="$3/apt/sources" -o Dir::Etc::sourceparts=/dev/null \
			-o Dir::State::lists="$3/apt/lists" -o Dir::Cache="$3/apt/cache" -o APT::Sandbox::User= $words) \
			>>"$3/apt/log" 2>&1 || return 1
	done
	dpkg -x "$3/$2"_*.deb "$3/root"
}

vendor_of() { # of a suite
	case $1 in
	jammy | noble) echo ubuntu ;;
	*) echo debian ;;
	esac
}
# The mirror that apt uses here, if it is one of that vendor; nothing otherwise.
mirror_of() {
	grep -qs "^ID=$1\$" /etc/os-release || return 0
	# shellcheck disable=SC2016
	apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		awk -v suite="$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)" '$2 == suite { print $1; exit }'
}

make_system() {
	folder=$1 suite=$2
	[ "$(id -u)" -eq 0 ] || { echo 'not root'; exit 1; }
	command -v debootstrap >/dev/null || { echo 'debootstrap is not installed'; exit 1; }
	own=$(mktemp -d)
	trap 'rm -rf "$own"' EXIT
	set -- --variant=minbase
	[ -z "${GRMON_DEBS:-}" ] || set -- "$@" --cache-dir="$GRMON_DEBS"
	if [ "$(vendor_of "$suite")" = ubuntu ]; then
		set -- "$@" --components=main,universe
		keys=/usr/share/keyrings/ubuntu-archive-keyring.gpg
		if [ ! -e "$keys" ]; then
			unpack_debian trixie ubuntu-keyring "$own" || { echo "no keys of Ubuntu's packages"; exit 1; }
			keys=$own/root$keys
		fi
		set -- "$@" --keyring="$keys"
	fi
	# A debootstrap that is older than the suite has no script of its name.
	cp -R /usr/share/debootstrap "$own/scripts"
	like=sid
	[ "$(vendor_of "$suite")" != ubuntu ] || like=gutsy
	[ -e "$own/scripts/scripts/$suite" ] || ln -s "$like" "$own/scripts/scripts/$suite"
	mirror=$(mirror_of "$(vendor_of "$suite")")
	DEBOOTSTRAP_DIR=$own/scripts debootstrap "$@" "$suite" "$folder" ${mirror:+"$mirror"} >"$own/log" 2>&1 || {
		tail -n 2 "$own/log"
		exit 1
	}
	# Nothing here has to survive a power failure.
	echo force-unsafe-io >"$folder/etc/dpkg/dpkg.cfg.d/unsafe-io"
	printf '#!/bin/sh\nexit 101\n' >"$folder/usr/sbin/policy-rc.d"
	chmod +x "$folder/usr/sbin/policy-rc.d"
	cp /etc/resolv.conf "$folder/etc/resolv.conf"
}

in_system() {
	folder=$1
	shift
	# The mounts are gone when the last process is, and the processes when the first is.
	exec unshare --mount --pid --fork --kill-child sh -c '
		folder=$1
		shift
		mount -t proc proc "$folder/proc" && mount --rbind /sys "$folder/sys" && mount -t tmpfs -o mode=755 tmpfs "$folder/dev" &&
			mkdir "$folder/dev/pts" "$folder/dev/shm" && mount -t devpts -o newinstance,ptmxmode=666 devpts "$folder/dev/pts" ||
			exit 125
		ln -s pts/ptmx "$folder/dev/ptmx"
		ln -s /proc/self/fd "$folder/dev/fd"
		chmod 1777 "$folder/dev/shm"
		# Mounted, not made: a container may forbid devices of its own.
		for device in null zero full random urandom tty; do
			: >"$folder/dev/$device" && mount --bind "/dev/$device" "$folder/dev/$device" || exit 125
		done
		exec chroot "$folder" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=xterm LANG=C.UTF-8 \
			DEBIAN_FRONTEND=noninteractive "$@"' in "$folder" "$@"
}

action=$1
shift
case $action in
make) make_system "$@" ;;
in) in_system "$@" ;;
*) echo 'system.sh make FOLDER SUITE | in FOLDER COMMAND…' >&2; exit 2 ;;
esac
