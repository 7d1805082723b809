import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { copyActions } from '../harness/action-run.ts'
import { flist, repository, runCommand } from '../harness/command.ts'
import { type RecipeFiles, writeRecipes } from '../harness/recipe-folder.ts'

/** The workflows of this repository in a folder, as they are but for the line that act's schema does not know of. */
export async function copyWorkflows(target: string): Promise<void> {
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

export async function commitAll(folder: string): Promise<void> {
  await git(folder, 'add', '--all')
  await git(folder, '-c', 'user.name=test', '-c', 'user.email=test@example', 'commit', '--quiet', '--message', 'change')
}

/** A repository from a folder of this one, as somebody would have who copied it. */
export async function copyRepository(from: string, to: string): Promise<string> {
  await cp(from, to, { recursive: true })
  await git(to, 'init', '--quiet', '--initial-branch=main')
  await git(to, 'remote', 'add', 'origin', 'https://github.com/outsider/app.git')
  await commitAll(to)
  return to
}

async function git(folder: string, ...args: string[]): Promise<void> {
  const { code, stderr } = await runCommand('git', ['-C', folder, ...args])
  if (code !== 0) throw new Error(`git ${args.join(' ')}: ${stderr}`)
}
