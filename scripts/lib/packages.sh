# Debian packages: install those that are missing, as root or through sudo, or say exactly what to type.
# A list has one package a line, then "# why it is needed".

packages_missing() { # packages_missing LIST... -> "name  why" a line
    local name why
    while read -r name why; do
        [[ -z $name || $name == \#* ]] && continue
        dpkg-query -W -f '${db:Status-Status}' "$name" 2>/dev/null | grep -qx installed && continue
        printf '%s\t%s\n' "$name" "${why#\# }"
    done < <(cat "$@")
}

packages_ensure() { # packages_ensure LIST...
    if ! command -v dpkg-query >/dev/null; then
        say "This is no Debian: please see to the equivalents of the packages in $* yourself."
        return 0
    fi
    local missing names=()
    missing=$(packages_missing "$@")
    [[ -z $missing ]] && return 0
    mapfile -t names < <(cut -f 1 <<<"$missing")
    say "Debian packages to install:"
    say "$(sed 's/^/  /' <<<"$missing" | expand -t 34)"
    if [[ $EUID -eq 0 ]]; then
        packages_install "" "${names[@]}"
    elif command -v sudo >/dev/null && { sudo -n true 2>/dev/null || [[ -t 0 ]]; }; then
        packages_install sudo "${names[@]}"
    else
        die "$MISSING" "Installing them takes root, and there is no sudo here. Have an administrator run:" \
            $'\n'"  apt-get update && apt-get install -y --no-install-recommends ${names[*]}" \
            $'\n'"then start this command again."
    fi
}

packages_install() { # packages_install sudo|"" NAME...
    local sudo=$1 log
    shift
    log=$(mktemp)
    packages_no_cluster "$sudo"
    packages_no_service "$sudo" "$@"
    if ! packages_apt "$sudo" install "$@" >"$log" 2>&1; then
        say "Reading the package lists anew ..."
        packages_apt "$sudo" update >>"$log" 2>&1 || true
        if ! packages_apt "$sudo" install "$@" >>"$log" 2>&1; then
            say "$(tail -n 25 "$log")"
            die "$MISSING" "apt-get could not install them. All of its messages: $log"
        fi
    fi
    rm -f "$log"
}

packages_apt() { # packages_apt sudo|"" install|update NAME...
    local sudo=$1 verb=$2 options=(-q -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=120)
    shift 2
    [[ $verb == install ]] && options+=(-y --no-install-recommends)
    $sudo env DEBIAN_FRONTEND=noninteractive apt-get "${options[@]}" "$verb" "$@"
}

# Debian's postgresql makes and starts a cluster for the whole machine as it is installed. Nothing here uses it (each
# run has a private one), so on a machine that has no PostgreSQL yet it is told not to.
packages_no_cluster() { # packages_no_cluster sudo|""
    local sudo=$1 directory=/etc/postgresql-common/createcluster.d
    dpkg-query -W postgresql-common >/dev/null 2>&1 && return 0
    $sudo mkdir -p "$directory"
    printf '# written by the proforma appliance: its tests bring their own cluster\ncreate_main_cluster = false\n' |
        $sudo tee "$directory/proforma.conf" >/dev/null
}

# Debian's charon-systemd starts an IKE daemon for the whole machine as it is installed. The tests start their own in
# namespaces, so on a machine that has none yet the service is masked (systemctl unmask strongswan.service undoes it).
packages_no_service() { # packages_no_service sudo|"" NAME...
    local sudo=$1 unit=/etc/systemd/system/strongswan.service
    shift
    [[ " $* " == *" charon-systemd "* && ! -e $unit && ! -L $unit ]] || return 0
    $sudo mkdir -p "${unit%/*}"
    $sudo ln -s /dev/null "$unit"
}
