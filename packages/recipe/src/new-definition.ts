import { cp, lstat, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { Document, isPair, isScalar, visit } from 'yaml'
import type { ContextReader } from './adopted-snippets.ts'
import { isContextMode } from './dockerfile-text.ts'
import { imageSchema } from './image-schema.ts'
import { NAME_RULE, namePattern } from './names.ts'
import { RecipeError } from './problem.ts'
import { snippetSchema } from './snippet-schema.ts'

export type NewImage = {
  readonly description: string
  /** A base of recipes.yaml, or an image to build on. */
  readonly base: string | { readonly image: string }
  readonly supervisor?: string
  readonly snippets?: readonly string[]
}

/** Any definition that {@link createImage} writes: what an adopted Dockerfile becomes has more keys. */
type AnyImage = NewImage | Readonly<Record<string, unknown>>

export type NewSnippet = { readonly description: string; readonly packages?: readonly string[] }

/**
 * Writes recipes/images/<name>/image.yaml.
 *
 * @param comments lines to put above a key of it
 * @returns the file, relative to the root
 * @throws {RecipeError} `exists`, `invalid`
 */
export async function createImage(
  root: string,
  name: string,
  image: AnyImage,
  comments: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<string> {
  checkNew('image', name, imageSchema.safeParse(image))
  return create(root, 'image', name, image, comments)
}

/**
 * Writes recipes/snippets/<name>/snippet.yaml.
 *
 * @returns the file, relative to the root
 * @throws {RecipeError} `exists`, `invalid`
 */
export async function createSnippet(
  root: string,
  name: string,
  { description, packages }: NewSnippet,
): Promise<string> {
  const snippet = { description, version: '1.0', ...(packages?.length ? { packages: { apt: packages } } : {}) }
  checkNew('snippet', name, snippetSchema.safeParse(snippet))
  return create(root, 'snippet', name, snippet)
}

/**
 * Checks a build context that {@link copyContext} is to copy.
 *
 * @throws {RecipeError} `invalid` naming links and special files, of which a recipe has none, and a .dockerignore
 */
export async function checkContext(folder: string): Promise<void> {
  const entries = await readdir(folder, { recursive: true })
  const refused: string[] = []
  for (const path of entries.filter((path) => path !== '.git' && !path.startsWith('.git/')).sort()) {
    const stat = await lstat(join(folder, path))
    if (path === '.dockerignore' || !(stat.isFile() || stat.isDirectory())) refused.push(path)
  }
  if (refused.length === 0) return
  const remedy = 'delete what it leaves out, and replace links by what they lead to'
  throw new RecipeError('invalid', `${folder}: ${refused.join(', ')} can not be taken over; ${remedy}`)
}

/** The files of a build context: regular ones of at most a mebibyte and a usual mode, as the file of a snippet would be. */
export function contextReader(folder: string): ContextReader {
  return async (path) => {
    const file = resolve(folder, path)
    if (!file.startsWith(`${resolve(folder)}/`)) return undefined
    const stat = await lstat(file).catch(() => undefined)
    if (!stat?.isFile() || stat.size > 1024 * 1024) return undefined
    const mode = stat.mode & 0o7777
    return isContextMode(mode) ? { content: await readFile(file), mode } : undefined
  }
}

/** Copies a build context, without its history, to recipes/images/<name>/context. */
export async function copyContext(root: string, name: string, folder: string): Promise<void> {
  const target = join(root, 'recipes', 'images', name, 'context')
  await cp(folder, target, { recursive: true, filter: (path) => path !== join(folder, '.git') })
}

type Checked = {
  readonly success: boolean
  readonly error?: { readonly issues: readonly { readonly message: string }[] }
}

function checkNew(kind: 'image' | 'snippet', name: string, { error }: Checked): void {
  if (!namePattern.test(name)) throw new RecipeError('invalid', `"${name}" is no name: ${NAME_RULE}`)
  if (error)
    throw new RecipeError('invalid', `${kind} "${name}": ${error.issues.map(({ message }) => message).join('; ')}`)
}

async function create(
  root: string,
  kind: 'image' | 'snippet',
  name: string,
  content: object,
  comments: ReadonlyMap<string, readonly string[]> = new Map(),
): Promise<string> {
  const folder = `recipes/${kind}s/${name}`
  const file = `${folder}/${kind}.yaml`
  const schema = `# yaml-language-server: $schema=../../schemas/${kind}.schema.json\n`
  await mkdir(join(root, folder), { recursive: true })
  await writeFile(join(root, file), `${schema}${yamlText(content, comments)}`, { flag: 'wx' }).catch((error) => {
    if (error.code !== 'EEXIST') throw error
    throw new RecipeError('exists', `${file}: it is already there; choose another name, or edit it`, [], {
      cause: error,
    })
  })
  return file
}

function yamlText(content: object, comments: ReadonlyMap<string, readonly string[]>): string {
  const document = new Document(content)
  visit(document, {
    Pair(_, pair, path) {
      const lines = isScalar(pair.key) ? comments.get(String(pair.key.value)) : undefined
      if (lines && isScalar(pair.key) && !path.some(isPair))
        pair.key.commentBefore = lines.map((line) => ` ${line}`).join('\n')
    },
  })
  return document.toString({ lineWidth: 0 })
}
