#!/bin/sh
# What an image must be before it is accepted. $1: portal or vpn. Every fault is told, then it fails.
set -u
faults=0
fault() { echo "FAULT: $*" >&2; faults=$((faults + 1)); }
command_there() { command -v "$1" >/dev/null 2>&1 || fault "the program $1 is missing"; }
user_there() { getent passwd "$1" >/dev/null || fault "the user $1 is missing"; }

# shellcheck source=/dev/null
. /etc/os-release
[ "$VERSION_ID" = 13 ] || fault "this is Debian $VERSION_ID, not 13"
audit=$(dpkg --audit)
[ -z "$audit" ] || fault "packages are half installed: $audit"
[ -z "$(find /etc/credstore -type f 2>/dev/null)" ] || fault "there are secrets in /etc/credstore"
sshd -t 2>/dev/null || [ ! -x /usr/sbin/sshd ] || fault "sshd does not accept its configuration"

case $1 in
portal)
    for user in proforma-web proforma-worker proforma-migrate; do user_there "$user"; done
    for program in nginx proforma-install openssl python3; do command_there "$program"; done
    python3 -c 'import boto3' || fault "boto3 is missing: nothing could be fetched at boot"
    ;;
vpn)
    for program in swanctl nft; do command_there "$program"; done
    /opt/proforma-vpn/venv/bin/python -c 'import vici, boto3' || fault "vici or boto3 is missing"
    ;;
*) fault "what is $1?" ;;
esac

[ "$faults" = 0 ] && echo "the image is as it has to be"
exit "$faults"
