import { entrypointMark } from './console-events.ts'

/**
 * `/init` of a container's initial RAM disk, for busybox. It keeps to the order and the tests of cloud-container, whose files are on the
 * hub and not on this machine: the disk `cidata`, the root directory, host name, network, keys, resolver, hosts, zosrc, then the
 * entrypoint, which is tested before the root is changed.
 */
export const containerInit = `#!/bin/sh
export PATH=/bin HOME=/root
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev
mount -t proc none /proc
mount -t sysfs none /sys
# Which module needs which differs between releases: the second time finds what the first has loaded.
for pass in 1 2; do
  while read -r module; do insmod "/modules/$module" 2>/dev/null; done < /modules/order
done

bail() {
  echo "$*. Bailing out"
  # The panic that follows would throw away what the console has not written yet.
  sleep 1
  exit 1
}

# The label is in the boot sector: busybox of Debian has no blkid.
find_seed() {
  for disk in /dev/vd?; do
    case $(dd if="$disk" bs=1 skip=43 count=6 2>/dev/null) in cidata | CIDATA) seed=$disk; return 0 ;; esac
  done
  return 1
}
tries=0
until find_seed; do
  tries=$((tries + 1))
  [ $tries -gt 25 ] && bail 'there is no disk with the label cidata'
  sleep 0.2
done
mount -t vfat -o ro "$seed" /seed || bail 'the disk cidata can not be mounted'
mount -t virtiofs vroot /new_root || bail 'Failed to mount vroot as root'

value() { sed -n "s/.*\\"$1\\":\\(\\[\\)\\{0,1\\}\\"\\([^\\"]*\\)\\".*/\\2/p" "$2" | head -n 1; }
hostname "$(value local-hostname /seed/meta-data)"
hostname > /new_root/etc/hostname
ip link set lo up
for interface in /sys/class/net/*; do
  interface=\${interface##*/}
  [ "$interface" = lo ] && continue
  ip address add "$(value 'dhcp4":false,"addresses' /seed/network-config)" dev "$interface"
  ip link set "$interface" up
  ip route add default via "$(value gateway4 /seed/network-config)"
done
sed -n 's/.*"nameservers":{"addresses":\\[\\([^]]*\\)\\].*/\\1/p' /seed/network-config | tr -d '"' | tr , '\\n' |
  sed 's/^/nameserver /' > /new_root/etc/resolv.conf
printf '127.0.0.1 localhost\\n127.0.1.1 %s\\n' "$(hostname)" > /new_root/etc/hosts

mount -t devtmpfs none /new_root/dev
mkdir -p /new_root/dev/pts /new_root/dev/shm
mount -t devpts none /new_root/dev/pts
mount -t tmpfs none /new_root/dev/shm
mount -t proc none /new_root/proc
mount -t sysfs none /new_root/sys
mount -t cgroup2 none /new_root/sys/fs/cgroup

init=/sbin/init
set --
unset PATH
. /seed/zosrc
path=\${PATH:-/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin}
PATH=/bin
if [ -n "$SSH_KEY" ]; then
  mkdir -p /new_root/root/.ssh
  echo "$SSH_KEY" | tr , '\\n' >> /new_root/root/.ssh/authorized_keys
  chmod 700 /new_root/root/.ssh
  chmod 600 /new_root/root/.ssh/authorized_keys
fi
[ -x "/new_root$init" ] || bail "Root device mounted successfully, but $init does not exist"
echo "${entrypointMark} $init"
export PATH="$path" TERM=xterm
exec /bin/busybox switch_root /new_root "$init" "$@"
`
