/** What makes a bare distribution something of use: scripts that mmdebstrap runs on the new root, given as `$1`. */
export type BootstrapHooks = {
  /** Runs before the first package. */
  readonly setup: string
  /** Runs after the last one. */
  readonly customize: string
  /** Arguments of mmdebstrap that go with them. */
  readonly arguments: readonly string[]
}

/**
 * Scripts that mmdebstrap runs on the new root, given as `$1`. They make it what Debian's own container images are, as far as that helps:
 *
 * - packages do not start services while an image is built (`policy-rc.d`), nothing downloaded stays in a layer (`docker-clean`, a name
 *   under which Dockerfiles with a cache mount look for it), no translations of package lists, lists are kept compressed, `autoremove`
 *   removes what is only suggested, dpkg does not sync every file;
 * - nothing of the machine that built it: resolver, host name, machine id, host keys, logs, backups of package data.
 */

/** Runs before the first package, so that it holds for the installation too. */
const setupHook = `#!/bin/sh
set -eu
umask 022
cd "$1"
mkdir -p usr/sbin etc/apt/apt.conf.d etc/dpkg/dpkg.cfg.d
cat > usr/sbin/policy-rc.d <<'END'
#!/bin/sh
# No service is started while an image is built: there is no init to look after it.
exit 101
END
chmod 755 usr/sbin/policy-rc.d
echo 'Acquire::Languages "none";' > etc/apt/apt.conf.d/docker-no-languages
echo 'force-unsafe-io' > etc/dpkg/dpkg.cfg.d/docker-apt-speedup
`

/**
 * Runs after the last package. It must leave `/tmp` alone: mmdebstrap keeps the configuration of its last apt calls there, which without
 * it would clean the machine that runs them.
 */
const customizeHook = `#!/bin/sh
set -eu
umask 022
cd "$1"
cat > etc/apt/apt.conf.d/docker-clean <<'END'
APT::Keep-Downloaded-Packages "false";
Dir::Cache::pkgcache "";
Dir::Cache::srcpkgcache "";
END
echo 'Acquire::GzipIndexes "true";' > etc/apt/apt.conf.d/docker-gzip-indexes
echo 'Apt::AutoRemove::SuggestsImportant "false";' > etc/apt/apt.conf.d/docker-autoremove-suggests
rm -f etc/hostname etc/resolv.conf etc/machine-id etc/ssh/ssh_host_* var/lib/dbus/machine-id var/lib/systemd/random-seed
echo localhost > etc/hostname
: > etc/resolv.conf
: > etc/machine-id
rm -f var/cache/apt/*.bin var/cache/debconf/*-old var/lib/dpkg/*-old
find var/log -type f -size +0 -delete
`

/**
 * For container images. `output/dev` drops the device nodes together with `/dev` itself; `chroot/policy-rc.d` keeps mmdebstrap from
 * removing the one of the setup hook.
 */
export const imageHooks: BootstrapHooks = {
  setup: setupHook,
  customize: customizeHook,
  arguments: ['--skip=output/dev,chroot/policy-rc.d'],
}
