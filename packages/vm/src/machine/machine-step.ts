import { quoted } from '../shell-word.ts'

/** Commands of one shell in the machine; each runs when the one before it succeeded. */
export type MachineCommands = {
  readonly kind: 'command'
  /** `place` is where it is asked for, as `file:line:column`: it is told when the command fails. */
  readonly commands: readonly { readonly text: string; readonly place: string }[]
  readonly environment: Readonly<Record<string, string>>
}

export type MachineFile = {
  readonly kind: 'file'
  /** Absolute. */
  readonly target: string
  readonly mode: number
  /** `user` or `user:group` of the machine. Default: root. */
  readonly owner?: string
  readonly content: Uint8Array
}

/** A file from the network, loaded and checked by the machine that makes the bootstrap. */
export type MachineDownload = {
  readonly kind: 'download'
  readonly url: string
  readonly sha256: string
  /** A file; of an archive, the directory it is unpacked to. */
  readonly target: string
  readonly mode: number
  /** `strip`: leading directories to leave out of the paths of a tar. */
  readonly archive?: { readonly format: 'tar' | 'zip'; readonly strip: number }
  readonly place: string
}

/** What is done to the root of a machine when its packages are there. */
export type MachineStep = MachineCommands | MachineFile | MachineDownload

/** A download comes with the file it was loaded to. */
export type PreparedStep = MachineCommands | MachineFile | (MachineDownload & { readonly path: string })

/** Lines of the last hook, which knows `$root`. All is done inside the root: a link there must not lead to this machine. */
export function stepCommand(step: PreparedStep): string {
  if (step.kind === 'command') return runCommands(step)
  if (step.kind === 'file') return writeCommand(step)
  return step.archive ? unpackCommand(step, step.archive) : copyCommand(step)
}

const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin'
const ownEnvironment = [`PATH=${path}`, 'HOME=/root', 'LC_ALL=C.UTF-8', 'DEBIAN_FRONTEND=noninteractive']
const inherited = ['SOURCE_DATE_EPOCH', 'http_proxy', 'https_proxy', 'no_proxy']

function runCommands({ commands, environment }: MachineCommands): string {
  const variables = Object.entries(environment).map(([name, value]) => quoted(`${name}=${value}`))
  const passed = inherited.map((name) => `\${${name}+"${name}=$${name}"}`)
  const words = [...ownEnvironment, ...passed, ...variables, '/bin/sh', '-c', quoted(commandText(commands))]
  const [first] = commands
  return `echo ${quoted(`I: running ${first?.place}`)}\nchroot "$root" env -i ${words.join(' ')}\n`
}

/** As the commands of a RUN instruction: joined by `&&`. What fails says where it is from. */
function commandText(commands: MachineCommands['commands']): string {
  const told = 'echo "E: $tf_place: the command ended with exit code $tf_end" >&2'
  const trap = `trap 'tf_end=$?; [ "$tf_end" = 0 ] || ${told}' EXIT`
  const chain = commands.map(({ text, place }) => `tf_place=${quoted(place)} && { ${text}\n}`)
  return `${trap}\n${chain.join(' && ')}`
}

function writeCommand({ target, mode, owner, content }: MachineFile): string {
  const text = Buffer.from(content)
    .toString('base64')
    .replace(/.{1,76}/g, '$&\n')
  return `${placeCommand('base64 -d', { target, mode, owner })} <<'END'\n${text}END\n`
}

function copyCommand({ target, mode, path }: MachineDownload & { readonly path: string }): string {
  return `${placeCommand('cat', { target, mode })} < ${quoted(path)}\n`
}

type Placed = { readonly target: string; readonly mode: number; readonly owner?: string | undefined }

/** Writes what the filter makes of standard input. */
function placeCommand(filter: string, { target, mode, owner }: Placed): string {
  const own = owner === undefined ? '' : `; chown ${owner} "$1"`
  // The owner first: a change of owner takes set-user-id away.
  const script = `mkdir -p "$(dirname "$1")"; ${filter} > "$1"${own}; chmod ${mode.toString(8)} "$1"`
  return `chroot "$root" sh -euc '${script}' sh ${quoted(target)}`
}

/** The archive is read by this machine's programs, which know more formats; nothing of it belongs to anybody but root. */
function unpackCommand(
  { target, path }: MachineDownload & { readonly path: string },
  { format, strip }: NonNullable<MachineDownload['archive']>,
): string {
  const unpack = {
    tar: `tar --extract --file ${quoted(path)} --directory "$unpacked" --no-same-owner --strip-components=${strip}`,
    zip: `unzip -q ${quoted(path)} -d "$unpacked"`,
  }
  const receive = 'mkdir -p "$1"; tar --extract --keep-directory-symlink --no-overwrite-dir --directory "$1"'
  return [
    'unpacked=$(mktemp -d -p "$(dirname "$0")")',
    'chmod 755 "$unpacked"',
    unpack[format],
    `tar --create --directory "$unpacked" --owner=0 --group=0 --numeric-owner --file "$unpacked.tar" .`,
    `chroot "$root" sh -euc '${receive}' sh ${quoted(target)} < "$unpacked.tar"`,
    'rm -rf "$unpacked" "$unpacked.tar"',
    '',
  ].join('\n')
}
