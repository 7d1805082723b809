#!/bin/sh
# Becomes the SSH server; its arguments are those of sshd.
set -e
/usr/local/libexec/sshd-prepare
/usr/local/libexec/ssh-authorized-keys
exec /usr/sbin/sshd -D -e "$@"
