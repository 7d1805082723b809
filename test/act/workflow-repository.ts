import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyActions } from '../harness/action-run.ts'
import { flist, repository, runCommand } from '../harness/command.ts'
import { type RecipeFiles, writeRecipes } from '../harness/recipe-folder.ts'

/** The workflows of this repository in a folder, as they are but for the line that act's schema does not know of. */
async function copyWorkflows(target: string): Promise<void> {
  const from = join(repository, '.github', 'workflows')
  const to = join(target, '.github', 'workflows')
  await mkdir(to, { recursive: true })
  for (const name of await readdir(from)) {
    const text = await readFile(join(from, name), 'utf8')
    await writeFile(join(to, name), text.replace(/^ {2}queue: max\n/m, ''))
  }
}

/** A Git repository with our workflows and actions, and recipes of its own. */
export async function createRepository(folder: string, recipes: RecipeFiles): Promise<string> {
  await mkdir(folder, { recursive: true })
  await copyActions(folder)
  await copyWorkflows(folder)
  await git(folder, 'init', '--quiet', '--initial-branch=main')
  await git(folder, 'remote', 'add', 'origin', 'https://github.com/example/images.git')
  await commitRecipes(folder, recipes)
  return folder
}

/** Changes recipes and their rendered Dockerfiles, and commits both, as a maintainer does before a push. */
export async function commitRecipes(folder: string, recipes: RecipeFiles): Promise<void> {
  await writeRecipes(folder, recipes)
  const rendered = await flist(['render', '--root', folder])
  if (rendered.code !== 0) throw new Error(`render: ${rendered.stderr}`)
  await commitAll(folder)
}

async function commitAll(folder: string): Promise<void> {
  await git(folder, 'add', '--all')
  await git(folder, '-c', 'user.name=test', '-c', 'user.email=test@example', 'commit', '--quiet', '--message', 'change')
}

/**
 * A Git repository of its own from a folder of examples/, as somebody would have who copied it.
 *
 * @param changes file, text in it, and what a test has instead
 */
export async function copyExample(
  name: string,
  to: string,
  changes: readonly (readonly [string, string, string])[],
): Promise<string> {
  await cp(join(repository, 'examples', name), to, { recursive: true })
  for (const [file, from, instead] of changes) {
    const text = await readFile(join(to, file), 'utf8')
    if (!text.includes(from)) throw new Error(`${name}/${file} has no ${JSON.stringify(from)}`)
    await writeFile(
      join(to, file),
      text.replace(from, () => instead),
    )
  }
  await git(to, 'init', '--quiet', '--initial-branch=main')
  await git(to, 'remote', 'add', 'origin', 'https://github.com/outsider/app.git')
  await commitAll(to)
  return to
}

/**
 * A program `npx` that runs this repository's `flist` where a workflow installs the dependencies of its checkout first: the
 * repositories of these tests have recipes, and not the source.
 *
 * @returns the folder to have first on PATH
 */
export async function standInForPnpm(folder: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  const script = `#!/bin/sh\ncase "$*" in *' install '*) exit 0 ;; esac\nshift 5\nexec ${join(repository, 'flist')} "$@"\n`
  await writeFile(join(folder, 'npx'), script, { mode: 0o755 })
  return folder
}

async function git(folder: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand('git', ['-C', folder, ...args])
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}
