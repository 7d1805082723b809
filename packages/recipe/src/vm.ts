import { readDefinition } from './definition-file.ts'
import { readFiles } from './file-definition.ts'
import { NAME_RULE, namePattern } from './names.ts'
import { type Location, type Problem, type Report, reportInto, throwProblems, watchReport } from './problem.ts'
import { openFolder, type RecipeFolder } from './recipe-folder.ts'
import { type VmYaml, vmSchema } from './vm-schema.ts'

/** A file of a machine, owned by root. */
export type VmFile = { readonly target: string; readonly mode: number; readonly content: Buffer }

/** What a virtual machine is made of, as its vm.yaml says. */
export type VmDefinition = Omit<VmYaml, 'files'> & {
  readonly name: string
  /** The file it is defined in, relative to the repository's root. */
  readonly file: string
  readonly files: readonly VmFile[]
  /** Where it asks for what an archive may not have. */
  readonly places: {
    readonly release: Location
    readonly kernel: Location
    /** In the order of `packages`. */
    readonly packages: readonly Location[]
  }
}

/**
 * Reads and checks recipes/vms/* below `root`, the root of a repository.
 *
 * @throws {RecipeError} `invalid`, with every problem of all the files and their places
 */
export async function loadVms(root: string): Promise<ReadonlyMap<string, VmDefinition>> {
  const problems: Problem[] = []
  const report = reportInto(problems)
  const folder = openFolder(root, 'recipes/vms')
  const vms = new Map<string, VmDefinition>()
  for (const name of await folder.folders()) {
    if (!namePattern.test(name)) {
      const location = { file: `${folder.path}/${name}/vm.yaml`, line: 1, column: 1 }
      report(location, `"${name}" is no name: ${NAME_RULE}`, 'rename the folder')
    }
    const vm = await readVm(name, folder.folder(name), report)
    if (vm) vms.set(name, vm)
  }
  throwProblems(problems)
  return vms
}

async function readVm(name: string, folder: RecipeFolder, report: Report): Promise<VmDefinition | undefined> {
  const watch = watchReport(report)
  const read = await readDefinition(folder, 'vm.yaml', vmSchema, watch.report)
  if (!read) return undefined
  const { value, source } = read
  const context = { folder, source, path: ['files'], variables: new Map(), partials: new Map() }
  const files: VmFile[] = []
  for (const { target, mode, owner, content, location } of await readFiles(value.files, context, watch.report)) {
    if (!Buffer.isBuffer(content)) watch.report(location, 'templates are for images', 'give the file without .hbs')
    else if (owner !== undefined && owner !== 'root')
      watch.report(location, `the owner is "${owner}"`, 'files of a machine belong to root: leave it out')
    else files.push({ target, mode, content })
  }
  const places = {
    release: source.at(['release']),
    kernel: source.at(['kernel']),
    packages: value.packages.map((_name, index) => source.at(['packages', index])),
  }
  return watch.hasProblems() ? undefined : { ...value, files, name, file: source.file, places }
}
