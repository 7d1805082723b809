/**
 * Removes the SSH host keys of a new machine, as a node does, in `root` of the working directory. It is root of this machine that does
 * it: a link of the tree would lead to this machine's own keys.
 */
export const hostKeysRemoval = 'if [ ! -L root/etc ] && [ ! -L root/etc/ssh ]; then rm -f root/etc/ssh/ssh_host_*; fi'

/** Exit code of a machine whose virtiofsd did not start: EX_OSERR of sysexits.h. */
export const noDaemon = 71

/**
 * Prepares the root directory of a machine and starts QEMU. It runs in namespaces of its own for mounts and processes, of which it is
 * the first: when it ends, all it started and mounted is gone, however it ended.
 *
 * Arguments: an empty directory; the root directory, or nothing for a machine without one; the number of arguments of virtiofsd;
 * virtiofsd and its arguments; QEMU and its arguments. As on a node the root directory is below an overlay and stays as it is, and
 * SSH host keys are removed from a new machine.
 *
 * What virtiofsd says goes to descriptor 3: QEMU writes one line in several pieces, between which it would come.
 *
 * The console goes through a pipe of its own: QEMU writes it byte by byte, which soon fills the socket that Node gives a child, and
 * then drops what the guest says.
 */
export const machineScript = `set -eu
place=$1 root=$2 count=$3
shift 3
if [ -n "$root" ]; then
  mount -t tmpfs -o mode=0755 none "$place"
  cd "$place"
  mkdir lower upper work root
  mount --bind "$root" lower
  mount -t overlay overlay -o lowerdir=lower,upperdir=upper,workdir=work root
  ${hostKeysRemoval}
  daemon=
  while [ "$count" -gt 0 ]; do
    daemon="$daemon '$(printf %s "$1" | sed "s/'/'\\\\\\\\''/g")'"
    shift
    count=$((count - 1))
  done
  eval "$daemon" >&3 2>&3 &
  tries=0
  until [ -S "$place/virtiofs.sock" ]; do
    tries=$((tries + 1))
    if [ $tries -gt 100 ]; then exit ${noDaemon}; fi
    sleep 0.1
  done
fi
mkfifo "$place/console"
cat "$place/console" 3>&- &
relay=$!
code=0
"$@" > "$place/console" 3>&- || code=$?
wait $relay
exit $code
`

/**
 * What stands before the script: the first word makes the kernel kill it when this process ends, even by SIGKILL, the second gives it
 * namespaces that end with it.
 */
export const confinement: readonly string[] = [
  'setpriv',
  '--pdeathsig=KILL',
  'unshare',
  '--mount',
  '--propagation=private',
  '--pid',
  '--fork',
  '--mount-proc',
  '--kill-child=KILL',
  '--',
]
