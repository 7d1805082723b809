import type { Command } from 'commander'
import type { CommandContext } from './context.ts'

/** Adds arguments, options and action to a command that has its name and description. */
type Define = (command: Command, context: CommandContext) => void

type CommandEntry = {
  readonly name: string
  readonly description: string
  /** Reads the command's module. Only that of the command that runs is read: all of them take half a second. */
  readonly load: () => Promise<Define>
}

const inspect = () => import('./commands/inspect.ts')
const lock = () => import('./commands/lock.ts')
const release = () => import('./commands/release.ts')
const status = () => import('./commands/status.ts')
const up = () => import('./commands/up.ts')

/** The commands, in the order of `flist --help`. */
export const commands: readonly CommandEntry[] = [
  {
    name: 'up',
    description: 'the whole line: render, build, push, convert, check, publish, read back',
    load: async () => (await up()).defineUp,
  },
  {
    name: 'render',
    description: 'write dockerfiles/<image>/ from the recipes',
    load: async () => (await import('./commands/render.ts')).defineRender,
  },
  {
    name: 'lint',
    description: 'look at the rendered Dockerfiles for what is wrong or unwise, and tell the line of the recipe',
    load: async () => (await import('./commands/lint.ts')).defineLint,
  },
  {
    name: 'explain',
    description: 'show where the lines of a Dockerfile come from, and why in this order',
    load: async () => (await import('./commands/explain.ts')).defineExplain,
  },
  {
    name: 'graph',
    description: 'draw what is built on what, and of which snippets, for Mermaid',
    load: async () => (await import('./commands/graph.ts')).defineGraph,
  },
  {
    name: 'diff',
    description: 'show what the recipes change in dockerfiles/, and which images that touches',
    load: async () => (await import('./commands/diff.ts')).defineDiff,
  },
  {
    name: 'new',
    description: 'start the definition of an image or a snippet',
    load: async () => (await import('./commands/new.ts')).defineNew,
  },
  {
    name: 'init',
    description: 'write into a repository what publishes its Dockerfile, or a start of recipes, from GitHub Actions',
    load: async () => (await import('./commands/init.ts')).defineInit,
  },
  {
    name: 'adopt',
    description: 'make an image definition of a Dockerfile',
    load: async () => (await import('./commands/adopt.ts')).defineAdopt,
  },
  {
    name: 'test',
    description: 'build images for the tests of snippets and images, run them, and see that what they expect holds',
    load: async () => (await import('./commands/test.ts')).defineTest,
  },
  {
    name: 'lock',
    description: 'pin bases, snippets and downloads in recipes.lock.yaml',
    load: async () => (await lock()).defineLock,
  },
  {
    name: 'outdated',
    description: 'list what moved since it was locked',
    load: async () => (await lock()).defineOutdated,
  },
  {
    name: 'plan',
    description: 'say what up would do for each image, and why; in legs for a workflow',
    load: async () => (await import('./commands/plan.ts')).definePlan,
  },
  {
    name: 'build',
    description: 'render, build and push images; no flist',
    load: async () => (await up()).defineBuild,
  },
  {
    name: 'convert',
    description: 'convert an image, an archive of one, a directory or a tar of a root file system to a flist',
    load: async () => (await import('./commands/convert.ts')).defineConvert,
  },
  {
    name: 'verify',
    description: 'compare a flist with its source, entry by entry and byte by byte; needs no chunks',
    load: async () => (await import('./commands/verify.ts')).defineVerify,
  },
  {
    name: 'check',
    description: 'check a flist: its records, and that the store has every chunk',
    load: async () => (await import('./commands/check.ts')).defineCheck,
  },
  {
    name: 'publish',
    description: 'publish a converted flist: chunks, flist, read back, then the links',
    load: async () => (await import('./commands/publish.ts')).definePublish,
  },
  {
    name: 'status',
    description: 'compare recipes, Dockerfiles, images, flists and links: what is behind, and why',
    load: async () => (await status()).defineStatus,
  },
  {
    name: 'history',
    description: 'the published releases of an image, the newest first, and what leads to them',
    load: async () => (await status()).defineHistory,
  },
  {
    name: 'promote',
    description: 'make a link lead to what another name leads to, once that was downloaded and has all its chunks',
    load: async () => (await release()).definePromote,
  },
  {
    name: 'rollback',
    description: 'make the link of an image lead to its release before, and tag the present one as withdrawn',
    load: async () => (await release()).defineRollback,
  },
  {
    name: 'tag',
    description: 'give what names lead to now a tag, under which these releases stay',
    load: async () => (await release()).defineTag,
  },
  {
    name: 'untag',
    description: 'take names out of a tag',
    load: async () => (await release()).defineUntag,
  },
  {
    name: 'prune',
    description: 'list old releases that nothing leads to, and delete them with --yes',
    load: async () => (await release()).definePrune,
  },
  {
    name: 'ls',
    description: 'list a directory of a flist',
    load: async () => (await inspect()).defineLs,
  },
  {
    name: 'stat',
    description: 'show one entry of a flist, or with / the flist itself',
    load: async () => (await inspect()).defineStat,
  },
  {
    name: 'cat',
    description: 'write the content of a file of a flist',
    load: async () => (await inspect()).defineCat,
  },
  {
    name: 'extract',
    description: 'write the tree of a flist to a directory',
    load: async () => (await import('./commands/extract.ts')).defineExtract,
  },
  {
    name: 'doctor',
    description: 'say whether a Zmachine would start from this, and what to do where it would not',
    load: async () => (await import('./commands/doctor.ts')).defineDoctor,
  },
  {
    name: 'boot',
    description: 'start it as zos would, in QEMU, and wait until it is ready; needs root',
    load: async () => (await import('./commands/boot.ts')).defineBoot,
  },
  {
    name: 'vm',
    description: 'make a virtual machine from recipes/vms: bootstrap, lint, convert, check, boot, publish; needs root',
    load: async () => (await import('./commands/vm.ts')).defineVm,
  },
  {
    name: 'twin',
    description: 'serve a local hub (HTTP API, chunk gateway and backend) until interrupted',
    load: async () => (await import('./commands/twin.ts')).defineTwin,
  },
]
