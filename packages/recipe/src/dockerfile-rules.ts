import type { DockerfileInstruction } from './dockerfile-instructions.ts'

export type LintSeverity = 'error' | 'warning'

/** A rule about Dockerfiles. */
export type DockerfileRule = {
  readonly name: string
  readonly severity: LintSeverity
  /** What to do instead. */
  readonly hint: string
  /** What is wrong with an instruction; nothing where it is right. */
  check(instruction: DockerfileInstruction, stage: LintedStage): RuleFinding | undefined
}

/** What is wrong, and the words it is about, which lead to the line of an instruction of several lines. */
export type RuleFinding = { readonly message: string; readonly words?: RegExp }

/** The stage an instruction is in. */
export type LintedStage = {
  /** From its FROM on. */
  readonly instructions: readonly DockerfileInstruction[]
  /** It becomes the image: what it leaves behind is in a layer. */
  readonly isLast: boolean
  /** Values of the build arguments before the first FROM. */
  readonly arguments: ReadonlyMap<string, string>
  /** Names of the stages before it. */
  readonly earlier: ReadonlySet<string>
  /** References that stand for images of the same recipes: these are built, pushed and given by digest. */
  readonly own: (reference: string) => boolean
}

/** Commands of a RUN, as far as they can be told apart without a shell. */
function commandsOf(value: string): string[] {
  return value.split(/\s*(?:&&|\|\||;|\||\n)\s*/).filter((command) => command !== '')
}

const run = (pattern: RegExp, message: string): DockerfileRule['check'] => {
  return ({ keyword, value }) =>
    keyword === 'RUN' && commandsOf(value).some((command) => pattern.test(command))
      ? { message, words: new RegExp(pattern.source.replace(/^\^/, '')) }
      : undefined
}

const INSTALLS = [
  { install: /\bapt(?:-get)?\b[^&|;]*\binstall\b/, cleans: /rm\s[^&|;]*\/var\/lib\/apt\/lists/, tool: 'apt-get' },
  { install: /\bapk\b[^&|;]*\badd\b/, cleans: /--no-cache\b|\/var\/cache\/apk/, tool: 'apk' },
  {
    install: /\b(?:dnf|yum|microdnf)\b[^&|;]*\binstall\b/,
    cleans: /\b(?:dnf|yum|microdnf)\b[^&|;]*\bclean\s+all\b/,
    tool: 'dnf',
  },
  { install: /\bpacman\b[^&|;]*\s-S[yu]*\b/, cleans: /\bpacman\b[^&|;]*\s-Scc\b|\/var\/cache\/pacman/, tool: 'pacman' },
]

/**
 * The checks that a validator of the syntax has none of. USER is not asked for: the images of these recipes start an init,
 * which has to be root. Nor are versions of packages: those are pinned by the archive, where they are.
 */
export const DOCKERFILE_RULES: readonly DockerfileRule[] = [
  {
    name: 'base-not-pinned',
    severity: 'error',
    hint: 'name a tag that stays, or a digest',
    check: ({ keyword, value }, stage) => {
      if (keyword !== 'FROM') return undefined
      const [named = ''] = value.replace(/^--platform=\S+\s+/, '').split(/\s+/)
      const reference = named.replace(/^\$\{?(\w+)\}?$/, (found, name: string) => stage.arguments.get(name) ?? found)
      if (reference === 'scratch' || stage.earlier.has(reference) || stage.own(reference)) return undefined
      if (reference.includes('@')) return undefined
      const [, tag] = /:([^/:]+)$/.exec(reference) ?? []
      return tag === undefined || tag === 'latest'
        ? { message: `the base "${reference}" is another one tomorrow` }
        : undefined
    },
  },
  {
    name: 'download-not-checked',
    severity: 'error',
    hint: 'declare it under "downloads" with its sha256',
    check: ({ keyword, value, line }, { instructions }) => {
      if (keyword !== 'ADD' || !/(?:^|\s|")(?:https?|ftp):\/\//.test(value) || /^--checksum=/.test(value))
        return undefined
      const later = instructions.filter((other) => other.keyword === 'RUN' && other.line > line)
      const target = value.split(/\s+/).at(-1) ?? ''
      const isChecked = later.some(
        (other) => /sha256sum\s+(?:-c|--check)\b/.test(other.value) && other.value.includes(target),
      )
      return isChecked ? undefined : { message: 'what this loads is not compared with a hash' }
    },
  },
  {
    name: 'pipe-to-shell',
    severity: 'error',
    hint: 'declare it under "downloads" with its sha256, and run the file',
    check: ({ keyword, value }) =>
      keyword === 'RUN' && /\b(?:curl|wget)\b[^;&]*\|\s*(?:sudo\s+)?(?:\/\S*\/)?(?:ba|da|a|z)?sh\b/.test(value)
        ? { message: 'a shell runs what the network gives', words: /\b(?:curl|wget)\b/ }
        : undefined,
  },
  {
    name: 'package-lists-left',
    severity: 'warning',
    hint: 'clean up in the same RUN, or name them under "packages"',
    check: ({ keyword, value }, { isLast }) => {
      if (keyword !== 'RUN' || !isLast) return undefined
      const left = INSTALLS.find(({ install, cleans }) => install.test(value) && !cleans.test(value))
      return left && { message: `the lists or packages of ${left.tool} stay in the layer`, words: left.install }
    },
  },
  {
    name: 'apt-update-alone',
    severity: 'warning',
    hint: 'join it with the "apt-get install" it is for',
    check: ({ keyword, value }) =>
      keyword === 'RUN' &&
      /\bapt(?:-get)?\s+(?:-\S+\s+)*update\b/.test(value) &&
      !/\b(?:install|upgrade|dist-upgrade)\b/.test(value)
        ? { message: 'the lists of a cached layer grow old', words: /\bapt(?:-get)?\b/ }
        : undefined,
  },
  {
    name: 'apt-without-yes',
    severity: 'error',
    hint: 'add --yes',
    check: run(
      /\bapt(?:-get)?\b(?!.*\s(?:-[a-zA-Z]*y[a-zA-Z]*|--yes|--assume-yes|-qq)\b).*\s(?:install|upgrade)\b/,
      'it asks, and nobody answers',
    ),
  },
  {
    name: 'apt-for-people',
    severity: 'warning',
    hint: 'use apt-get',
    check: run(/^apt\s/, 'apt changes what it says and takes'),
  },
  { name: 'sudo', severity: 'warning', hint: 'leave it out', check: run(/^sudo\s/, 'a build is root already') },
  {
    name: 'cd-has-no-effect',
    severity: 'warning',
    hint: 'use WORKDIR',
    check: ({ keyword, value }) =>
      keyword === 'RUN' && /^cd\s/.test(commandsOf(value).at(-1) ?? '')
        ? { message: 'the next instruction starts elsewhere', words: /\bcd\s/ }
        : undefined,
  },
  {
    name: 'writable-by-all',
    severity: 'warning',
    hint: 'give the rights to the user that needs them',
    check: run(/\bchmod\s+(?:-\S+\s+)*(?:0?777|a[+=]rwx)\b/, 'every user of the image may change this'),
  },
  {
    name: 'secret-in-image',
    severity: 'error',
    hint: 'give it when a container is started',
    check: ({ keyword, value }) => {
      const [, name] =
        /(?:^|\s)(\w*(?:PASSWORD|PASSWD|SECRET|TOKEN|API_KEY|PRIVATE_KEY)\w*)=(?!""|''|\s|$)/i.exec(value) ?? []
      return (keyword === 'ENV' || keyword === 'ARG') && name !== undefined
        ? { message: `everybody who has the image can read "${name}"`, words: new RegExp(name) }
        : undefined
    },
  },
]
