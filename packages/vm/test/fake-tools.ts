import { chmod, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * A directory of programs in which `mmdebstrap` is the given shell script, and what it needs besides does nothing: enough to see what is
 * started, how, and what becomes of how it ends.
 */
export async function fakeTools(folder: string, mmdebstrap: string): Promise<string[]> {
  const directory = join(folder, 'bin')
  const scripts = {
    mmdebstrap: `#!/bin/sh\n[ "$1" = --unshare-helper ] && { shift; exec "$@"; }\n${mmdebstrap}\n`,
    unshare: '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n',
    setpriv: '#!/bin/sh\nshift\nexec "$@"\n',
    newuidmap: '#!/bin/sh\n',
    newgidmap: '#!/bin/sh\n',
  }
  await mkdir(directory)
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(directory, name), script)
    await chmod(join(directory, name), 0o755)
  }
  return [directory, '/usr/bin', '/bin']
}
