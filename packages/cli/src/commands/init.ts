import { execFile } from 'node:child_process'
import { access, mkdir, writeFile } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { PipelineError } from '@tf-images/pipeline'
import type { Command } from 'commander'
import { type CommandContext, printResult } from '../context.ts'
import { dockerfileFiles, recipesFiles, type StartingFiles } from '../starting-files.ts'

type Options = {
  readonly root: string
  readonly name?: string
  readonly dockerfile: string
  readonly registry?: string
  readonly force?: boolean
  readonly dryRun?: boolean
  readonly json?: boolean
}

export function defineInit(command: Command, context: CommandContext): void {
  command
    .argument('<kind>', '"dockerfile": publish what a Dockerfile builds; "recipes": begin recipes')
    .option('--name <name>', 'of the image; by default that of the folder')
    .option('--dockerfile <path>', 'the Dockerfile, from the root; its folder is its build context', 'Dockerfile')
    .option('--registry <prefix>', 'of recipes; by default ghcr.io with owner and repository of the remote "origin"')
    .option('--root <dir>', 'the repository', '.')
    .option('--force', 'write over files that are there')
    .option('--dry-run', 'say what would be written, and write nothing')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExample:\n  flist init dockerfile --dockerfile app/Dockerfile --name shop')
    .action((kind: string, options: Options) => init(kind, options, context))
}

async function init(kind: string, options: Options, context: CommandContext): Promise<void> {
  const root = resolve(options.root)
  const files = await filesOf(kind, root, options)
  const there = await existing(root, files)
  if (there.length > 0 && !options.force) {
    throw new PipelineError('bad-settings', `${there.join(', ')}: already there; look at them, or give --force`)
  }
  if (!options.dryRun) {
    for (const [path, text] of files) {
      await mkdir(dirname(join(root, path)), { recursive: true })
      await writeFile(join(root, path), text)
    }
  }
  const steps = nextSteps(kind)
  const written = [...files.keys()]
  const verb = options.dryRun ? 'would write' : 'wrote'
  const lines = [...written.map((path) => `${verb} ${path}`), '', 'Next:', ...steps.map((step) => `  - ${step}`)]
  printResult(context, options.json, { files: written, steps }, lines.join('\n'))
}

async function filesOf(kind: string, root: string, options: Options): Promise<StartingFiles> {
  const name = options.name ?? nameOf(basename(root))
  if (!/^[a-z0-9]+(?:[._-][a-z0-9]+)*$/.test(name)) {
    throw new PipelineError('bad-settings', `"${name}" is no name of an image: small letters and digits; give --name`)
  }
  if (kind === 'recipes') return recipesFiles({ name, registry: options.registry ?? (await registryOf(root)) })
  if (kind !== 'dockerfile') {
    throw new PipelineError('bad-settings', `"${kind}" is nothing to begin with; write "dockerfile" or "recipes"`)
  }
  const { dockerfile } = options
  if (!/^[\w./-]+$/.test(dockerfile) || !(await exists(join(root, dockerfile)))) {
    throw new PipelineError('bad-settings', `"${dockerfile}": no Dockerfile below ${root}; give --dockerfile`)
  }
  return dockerfileFiles({ name, dockerfile })
}

function nextSteps(kind: string): string[] {
  const recipes = ['flist render, and commit recipes/ and dockerfiles/'] as const
  return [
    'a secret of the repository, HUB_TOKEN, with a token of your account on the hub: Settings → Secrets and variables → Actions',
    ...(kind === 'recipes' ? recipes : []),
    'push to main',
    'GHCR makes a new package private: make it public in its settings where others are to pull the image; flists need it not',
  ]
}

/** A folder's name as one that an image may have. */
function nameOf(folder: string): string {
  return folder
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-|-$/g, '')
}

async function registryOf(root: string): Promise<string> {
  const { stdout } = await promisify(execFile)('git', ['-C', root, 'remote', 'get-url', 'origin']).catch(() => ({
    stdout: '',
  }))
  const [, owner, repository] = /github\.com[:/]([\w.-]+)\/([\w.-]+?)(?:\.git)?\s*$/.exec(stdout) ?? []
  if (owner && repository) return `ghcr.io/${owner}/${repository}`.toLowerCase()
  throw new PipelineError(
    'bad-settings',
    `${root}: no remote "origin" on GitHub to name the registry by; give --registry`,
  )
}

async function existing(root: string, files: StartingFiles): Promise<string[]> {
  const found = await Promise.all(
    [...files.keys()].map(async (path) => ((await exists(join(root, path))) ? [path] : [])),
  )
  return found.flat()
}

function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  )
}
