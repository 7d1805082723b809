import { cp, lstat, mkdir, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { stringify } from 'yaml'
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
 * @returns the file, relative to the root
 * @throws {RecipeError} `exists`, `invalid`
 */
export async function createImage(root: string, name: string, image: AnyImage): Promise<string> {
  checkNew('image', name, imageSchema.safeParse(image))
  return create(root, 'image', name, image)
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

async function create(root: string, kind: 'image' | 'snippet', name: string, content: object): Promise<string> {
  const folder = `recipes/${kind}s/${name}`
  const file = `${folder}/${kind}.yaml`
  const schema = `# yaml-language-server: $schema=../../schemas/${kind}.schema.json\n`
  await mkdir(join(root, folder), { recursive: true })
  await writeFile(join(root, file), `${schema}${stringify(content, { lineWidth: 0 })}`, { flag: 'wx' }).catch(
    (error) => {
      if (error.code !== 'EEXIST') throw error
      throw new RecipeError('exists', `${file}: it is already there; choose another name, or edit it`, [], {
        cause: error,
      })
    },
  )
  return file
}
