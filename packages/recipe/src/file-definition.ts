import type { Location, Report } from './problem.ts'
import { decodeText, type RecipeFolder } from './recipe-folder.ts'
import type { FileEntry } from './snippet-schema.ts'
import { compileTemplate, type Template } from './template.ts'
import type { PartialSource, Variables } from './template-check.ts'
import type { Place } from './template-place.ts'
import type { YamlPath, YamlSource } from './yaml-source.ts'

/** A file of a snippet or image that goes into the container image. */
export type FileDefinition = {
  readonly target: string
  /** Permission bits, `0o7777` at most. */
  readonly mode: number
  /** `user` or `user:group`; root when there is none. */
  readonly owner?: string
  readonly content: Buffer | Template
  readonly location: Location
}

/** Where the entries come from, and what their templates may name. */
export type FileContext = {
  readonly folder: RecipeFolder
  readonly source: YamlSource
  readonly path: YamlPath
  readonly variables: Variables
  readonly partials: ReadonlyMap<string, PartialSource>
}

/** Reads the files of a definition and compiles those that are templates. */
export async function readFiles(
  entries: readonly FileEntry[],
  context: FileContext,
  report: Report,
): Promise<FileDefinition[]> {
  const files: FileDefinition[] = []
  const owned = new Set<string>()
  for (const [index, entry] of entries.entries()) {
    const path = [...context.path, index]
    const location = context.source.at([...path, 'target'])
    if (owned.has(entry.target)) report(location, `"${entry.target}" is listed twice`, 'keep one of the two')
    owned.add(entry.target)
    const content = await readContent(entry, path, context, report)
    if (content === undefined) continue
    const mode = Number.parseInt(entry.mode ?? '0644', 8)
    files.push({ target: entry.target, mode, content, location, ...(entry.owner ? { owner: entry.owner } : {}) })
  }
  return files
}

/** The templates that others of the folder can include: partials/<name>.hbs. */
export async function readPartials(folder: RecipeFolder, report: Report): Promise<Map<string, PartialSource>> {
  const partials = new Map<string, PartialSource>()
  for (const name of await folder.files('partials')) {
    if (!name.endsWith('.hbs')) continue
    const file = `${folder.path}/partials/${name}`
    const bytes = await folder.read(`partials/${name}`)
    const text = bytes && decodeText(file, bytes, report)
    if (text !== undefined) partials.set(name.slice(0, -'.hbs'.length), { file, text })
  }
  return partials
}

async function readContent(
  entry: FileEntry,
  path: YamlPath,
  context: FileContext,
  report: Report,
): Promise<Buffer | Template | undefined> {
  const name = entry.source
  if (name === undefined) return Buffer.from(entry.content ?? '')
  const bytes = await context.folder.read(name)
  const file = `${context.folder.path}/${name}`
  if (bytes === undefined) {
    report(context.source.at([...path, 'source']), `no file "${file}"`, 'add it, or correct the path')
    return undefined
  }
  if (!name.endsWith('.hbs')) return bytes
  const text = decodeText(file, bytes, report)
  if (text === undefined) return undefined
  const { variables, partials } = context
  return compileTemplate({ file, text, place: filePlace(entry, text), variables, partials }, report)
}

/** What a template's file is: as declared, else by its first line, else by the name it gets. */
function filePlace({ quote, target }: FileEntry, text: string): Place {
  if (quote !== undefined) return quote
  if (/^#!\s*\S*\/(?:env\s+)?(?:ba|da|a|k)?sh\b/.test(text) || target.endsWith('.sh')) return 'shell'
  return target.endsWith('.json') ? 'json' : 'line'
}
