import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { runCommand } from './command.ts'
import { makeTinyRoot } from './tiny-base.ts'

/** Programs that the steps below run. */
const PROGRAMS = ['mkdir', 'ln', 'rm', 'mv', 'cp', 'touch', 'chmod', 'chown', 'mknod', 'mkfifo'].map(
  (name) => `/usr/bin/${name}`,
)

/** Runs a command that has to work, and gives its output. */
export async function run(program: string, ...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await runCommand(program, args)
  if (code !== 0) throw new Error(`${program} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** The base of the images below, in the engine under this name. */
export async function importToolBase(folder: string, name: string): Promise<void> {
  const root = await makeTinyRoot(folder, [...PROGRAMS, '/usr/sbin/setcap'])
  await run('sh', '-c', 'tar -C "$1" --numeric-owner --owner=0 --group=0 -c . | docker import - "$2"', 'sh', root, name)
}

const inShell = (...commands: readonly string[]) => `RUN ${commands.join(' && ')}`

/** Dockerfiles of images that are each hard in a way of their own; `base` is what {@link importToolBase} made. */
export const DOCKERFILES: Readonly<Record<string, (base: string) => readonly string[]>> = {
  'several stages': (base) => [
    `FROM ${base} AS build`,
    inShell(
      'mkdir -p /out/bin /out/etc',
      'echo program > /out/bin/program',
      'ln /out/bin/program /out/bin/same',
      'ln -s ../bin/program /out/etc/link',
      'chown 12:34 /out/bin/program',
      'chmod 6755 /out/bin/program',
      'touch -d 1999-12-31T23:59:59Z /out/etc/old',
    ),
    'FROM scratch',
    'COPY --from=build /out /',
    'COPY --from=build --chown=70000:100000 /bin/sh /bin/shell',
  ],
  'sixty layers': () => [
    'FROM scratch',
    ...Array.from({ length: 60 }, (_, n) => `COPY f${n % 7} /d${n % 11}/${n % 3 === 0 ? 'same' : `f${n}`}`),
  ],
  'changes of all kinds': (base) => [
    `FROM ${base}`,
    inShell(
      'mkdir -p /w/a/deep /w/opaque/sub /w/dir-to-file /w/kept',
      'for f in /w/a/1 /w/a/2 /w/a/deep/3 /w/opaque/old /w/opaque/sub/old /w/dir-to-file/x /w/file-to-dir /w/kept/k; do echo $f > $f; done',
      'ln /w/a/1 /w/kept/first-name',
      'ln -s a /w/link-to-dir',
    ),
    // Whiteouts, an opaque directory, every kind replaced by another, and hard links to what is in the layer below.
    inShell(
      'rm /w/a/1',
      'rm -r /w/a/deep',
      'rm -r /w/opaque',
      'mkdir /w/opaque',
      'echo new > /w/opaque/new',
      'rm -r /w/dir-to-file',
      'echo file > /w/dir-to-file',
      'rm /w/file-to-dir',
      'mkdir /w/file-to-dir',
      'echo x > /w/file-to-dir/x',
      'rm /w/link-to-dir',
      'mkdir /w/link-to-dir',
      'ln /w/kept/k /w/kept/later-name',
      'ln /w/kept/first-name /w/kept/third-name',
    ),
    inShell(
      'mv /w/kept /w/moved',
      'rm /w/opaque/new',
      'mknod /w/null c 1 3',
      'mknod /w/disk b 7 300',
      'mkfifo -m 620 /w/pipe',
      'mkdir -m 1777 /w/sticky',
      "echo latin1 > $(printf '/w/caf\\351')",
      "echo control > $(printf '/w/a\\001\\177b')",
      "ln -s $(printf '\\377\\376') /w/odd-target",
      "echo utf8 > $(printf '/w/\\346\\227\\245')",
    ),
    inShell('cp /bin/sh /usr/bin/ping', 'setcap cap_net_raw+ep /usr/bin/ping'),
  ],
  'a directory of 60,000 files': (base) => [
    `FROM ${base}`,
    // Few contents, so that it is the number of entries that is tested.
    inShell('mkdir /huge', 'cd /huge', 'i=0', 'while [ $i -lt 60000 ]; do echo $((i%50)) > file-$i; i=$((i+1)); done'),
    inShell('rm /huge/file-59999', 'echo changed > /huge/file-0'),
  ],
}

/** Builds an image with the engine. */
export async function buildWithEngine(folder: string, name: string, lines: readonly string[]): Promise<void> {
  const context = join(folder, 'context')
  await mkdir(context)
  await writeFile(join(context, 'Dockerfile'), `${lines.join('\n')}\n`)
  for (let n = 0; n < 7; n++) await writeFile(join(context, `f${n}`), `content ${n}\n`)
  await run('docker', 'build', '--quiet', '--tag', name, context)
  await rm(context, { recursive: true })
}
