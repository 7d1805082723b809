import { resolve } from 'node:path'
import { CLOUD_INIT_FILE, cloudInitText } from './cloud-init-schema.ts'
import { readDefinition } from './definition-file.ts'
import { readFiles } from './file-definition.ts'
import type { ImageDefinition } from './image.ts'
import { readLock } from './lock.ts'
import { refuseContainerOnly, resolveMachine } from './machine-resolution.ts'
import { NAME_RULE, namePattern } from './names.ts'
import { type Location, type Problem, type Report, reportInto, throwProblems, watchReport } from './problem.ts'
import { openFolder, type RecipeFolder } from './recipe-folder.ts'
import { readRecipes, withFrames } from './recipes.ts'
import type { Definitions, ResolvedImage } from './resolution.ts'
import { readUse } from './scenario.ts'
import { IMAGE_VARIABLES } from './snippet.ts'
import { evaluateMachine, type VmContents, type VmStep } from './vm-contents.ts'
import { distributionOf, machineBase } from './vm-distribution.ts'
import { type VmYaml, vmSchema } from './vm-schema.ts'

/** What a virtual machine is made of, as its vm.yaml or its image.yaml says. */
export type VmDefinition = Omit<VmYaml, 'files' | 'snippets' | 'packages' | 'cloudInit' | 'keyring'> &
  Pick<VmContents, 'ports' | 'volumes' | 'environment'> & {
    readonly name: string
    /** The file it is defined in, relative to the repository's root. */
    readonly file: string
    /** Absolute path of the keys of its archive, where they are part of the recipes. */
    readonly keyring?: string
    /** On top of what every machine needs, those of its snippets first. */
    readonly packages: readonly string[]
    /** What is done once the packages are there. */
    readonly steps: readonly VmStep[]
    /** Where it asks for what an archive may not have. */
    readonly places: {
      readonly release: Location
      readonly kernel: Location
      readonly size?: Location
      /** In the order of `packages`. */
      readonly packages: readonly Location[]
    }
  }

/**
 * Reads and checks the recipes below `root`, the root of a repository, for virtual machines: recipes/vms/*, and each image with a kernel.
 *
 * @throws {RecipeError} `invalid`, with every problem of all the files and their places
 */
export async function loadVms(root: string): Promise<ReadonlyMap<string, VmDefinition>> {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const project = { root, definitions: await readDefinitions(root, problems), hashes: await lockedHashes(root) }
  const folder = openFolder(root, 'recipes/vms')
  const vms = new Map<string, VmDefinition>()
  for (const name of await folder.folders()) {
    if (!namePattern.test(name)) {
      const location = { file: `${folder.path}/${name}/vm.yaml`, line: 1, column: 1 }
      report(location, `"${name}" is no name: ${NAME_RULE}`, 'rename the folder')
    }
    const vm = await readVm(name, folder.folder(name), project, problems)
    if (vm) vms.set(name, vm)
  }
  for (const image of project.definitions.images.values()) {
    const vm = machineOfImage(image, project, problems)
    const other = vm && vms.get(image.name)
    if (vm && other) {
      const hint = `rename the one in ${other.file}, or leave out "kernel"`
      report(vm.places.kernel, `there is another virtual machine "${image.name}"`, hint)
    } else if (vm) vms.set(image.name, vm)
  }
  checkLinks(vms, project.definitions.images, report)
  throwProblems(await withFrames(root, problems))
  return new Map([...vms].sort(([a], [b]) => (a < b ? -1 : 1)))
}

/** What machines are made of besides their own files. */
type Project = {
  readonly root: string
  readonly definitions: Definitions
  /** Of downloads, by URL, as the lock has them. */
  readonly hashes: ReadonlyMap<string, string>
}

async function lockedHashes(root: string): Promise<Project['hashes']> {
  return new Map(Object.entries((await readLock(root))?.downloads ?? {}))
}

/** A project may have machines alone. */
async function readDefinitions(root: string, problems: Problem[]): Promise<Definitions> {
  const parts = openFolder(root, 'recipes')
  const hasImages = (await parts.folder('images').folders()).length > 0 || (await parts.files('.')).length > 0
  if (hasImages || (await parts.folder('snippets').folders()).length > 0)
    return (await readRecipes(root, problems)).definitions
  const unreadable = { bases: false, snippets: new Set<string>(), images: new Set<string>() }
  return { bases: new Map(), snippets: new Map(), images: new Map(), unreadable }
}

/** Both are published with a link of their name, that of a machine with "-vm" at its end, its disk with "-image". */
function checkLinks(
  vms: ReadonlyMap<string, VmDefinition>,
  images: ReadonlyMap<string, ImageDefinition>,
  report: Report,
): void {
  for (const name of vms.keys()) {
    for (const link of [`${name}-vm`, `${name}-image`]) {
      const image = images.get(link)
      if (!image) continue
      const problem = `image "${image.name}" and virtual machine "${name}" would both be published as "${link}.flist"`
      report(image.location, problem, 'rename one of them')
    }
  }
}

async function readVm(
  name: string,
  folder: RecipeFolder,
  { root, definitions, hashes }: Project,
  problems: Problem[],
): Promise<VmDefinition | undefined> {
  const watch = watchReport(reportInto(problems))
  const read = await readDefinition(folder, 'vm.yaml', vmSchema, watch.report)
  if (!read) return undefined
  const { value, source } = read
  const variables = new Map([['image', IMAGE_VARIABLES]])
  const context = { folder, source, path: ['files'], variables, partials: new Map() }
  const files = await readFiles(value.files, context, watch.report)
  const base = machineBase(value.distribution, value.release)
  const image: ImageDefinition = {
    name,
    description: value.description,
    location: source.at(['description']),
    file: source.file,
    sources: [source.file],
    base: { kind: 'base', name: base.name, location: source.at(['release']) },
    snippets: value.snippets.map((use, index) => readUse(use, ['snippets', index], source)),
    packages: [],
    stages: [],
    tests: [],
    files,
    environment: new Map(),
    ports: [],
    volumes: [],
    labels: new Map(),
    context: [],
  }
  const known = { ...definitions, images: new Map(), bases: new Map([[base.name, base]]) }
  const resolved = resolveMachine(image, known, watch.report)
  const contents = resolved && evaluated(resolved, hashes, problems)
  const { files: _files, snippets: _snippets, packages, cloudInit, keyring, ...own } = value
  const recipes = openFolder(root, 'recipes')
  if (keyring !== undefined && (await recipes.read(keyring)) === undefined)
    watch.report(source.at(['keyring']), `no file "${keyring}" in ${recipes.path}/`)
  if (!contents || watch.hasProblems()) return undefined
  const cloudInitStep: VmStep[] = cloudInit
    ? [{ kind: 'file', target: CLOUD_INIT_FILE, mode: 0o644, content: text(cloudInitText(cloudInit, source.file)) }]
    : []
  const asked = packages.map((listed, index) => ({ name: listed, place: source.at(['packages', index]) }))
  return {
    ...own,
    name,
    file: source.file,
    ...(keyring === undefined ? {} : { keyring: resolve(root, recipes.path, keyring) }),
    ...rowsOf(contents),
    ...packagesAnd([...asked, ...contents.packages], {
      release: source.at(['release']),
      kernel: source.at(['kernel']),
      ...(own.size === undefined ? {} : { size: source.at(['size']) }),
    }),
    steps: [...cloudInitStep, ...contents.steps],
    checks: withChecks(own.checks, contents),
  }
}

function machineOfImage(
  image: ImageDefinition,
  { definitions, hashes }: Project,
  problems: Problem[],
): VmDefinition | undefined {
  const { kernel } = image
  if (!kernel) return undefined
  const watch = watchReport(reportInto(problems))
  const resolved = resolveMachine(image, definitions, watch.report)
  for (let part = resolved; part; part = part.parent) refuseContainerOnly(part.definition, watch.report)
  const distribution = resolved && distributionOf(resolved.base)
  const bootstrap = resolved?.base.bootstrap
  if (resolved && (!distribution || !bootstrap)) {
    const problem = `"${resolved.base.name}" has no release that a virtual machine can be made of`
    watch.report(kernel.location, problem, `give the base a "bootstrap" in recipes/recipes.yaml, or leave out "kernel"`)
  }
  const contents = resolved && !watch.hasProblems() ? evaluated(resolved, hashes, problems) : undefined
  if (!contents || !distribution || !bootstrap) return undefined
  const { name, description, file, base } = image
  const first = [
    { kind: 'command' as const, command: 'cloud-init status', expect: 'status: done' },
    { kind: 'port' as const, port: 22 },
  ]
  return {
    name,
    description,
    file,
    distribution,
    bootstrap: 'mmdebstrap',
    release: bootstrap.release,
    components: bootstrap.components,
    ...(bootstrap.keyring === undefined ? {} : { keyring: bootstrap.keyring }),
    kernel: kernel.name,
    users: [],
    memory: 1024,
    ...rowsOf(contents),
    ...packagesAnd(contents.packages, { release: base.location, kernel: kernel.location }),
    steps: contents.steps,
    checks: withChecks(first, contents),
  }
}

function evaluated(resolved: ResolvedImage, hashes: Project['hashes'], problems: Problem[]): VmContents | undefined {
  const before = problems.length
  const contents = evaluateMachine(resolved, hashes, problems)
  return problems.length > before ? undefined : contents
}

/** The services of its snippets are up, and something listens where they say. */
function withChecks(checks: VmDefinition['checks'], { services, ports }: VmContents): VmDefinition['checks'] {
  const asked = new Set(checks.map((check) => JSON.stringify(check)))
  const tcp = ports
    .filter((port) => !port.endsWith('/udp'))
    .map((port) => ({ kind: 'port' as const, port: Number.parseInt(port, 10) }))
  const own = [...services.map((service) => ({ kind: 'service' as const, service })), ...tcp]
  return [...checks, ...own.filter((check) => !asked.has(JSON.stringify(check)))]
}

function rowsOf({ ports, volumes, environment }: VmContents): Pick<VmContents, 'ports' | 'volumes' | 'environment'> {
  return { ports, volumes, environment }
}

function packagesAnd(
  packages: VmContents['packages'],
  places: Omit<VmDefinition['places'], 'packages'>,
): Pick<VmDefinition, 'packages' | 'places'> {
  const first = packages.filter(({ name }, index) => packages.findIndex((other) => other.name === name) === index)
  return { packages: first.map(({ name }) => name), places: { ...places, packages: first.map(({ place }) => place) } }
}

function text(content: string): Buffer {
  return Buffer.from(content)
}
