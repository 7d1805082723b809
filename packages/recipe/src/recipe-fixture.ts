import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { onTestFinished } from 'vitest'
import { RecipeError } from './problem.ts'
import { loadRecipes } from './recipes.ts'

/** A project that renders: one base, a supervisor, a snippet with an option of each type, an image on another. */
export const PROJECT: Readonly<Record<string, string>> = {
  'recipes/recipes.yaml': `registry: registry.example/images
bases:
  debian:12: { reference: docker.io/library/debian:12, family: debian }
`,
  'recipes/snippets/runit/snippet.yaml': `description: A supervisor
packages: { apt: [runit] }
files:
  - { target: /sbin/init, source: init, mode: "0755" }
`,
  'recipes/snippets/runit/init': '#!/bin/sh\n',
  'recipes/snippets/web/snippet.yaml': `description: A web server
options:
  port: { type: number, default: 80, integer: true, minimum: 1, maximum: 65535 }
  greeting: { type: string, default: hello }
  level: { type: enum, values: [debug, info], default: info }
  hosts: { type: list, default: [] }
  public: { type: boolean, default: true }
packages: { apt: [nginx] }
files:
  - { target: /etc/web.conf, source: web.conf.hbs }
run:
  - web-setup --greeting {{greeting}} {{hosts}}
services:
  - { name: web, type: longrun, exec: [/usr/sbin/web, --port, "{{port}}"] }
ports: ["{{port}}"]
`,
  'recipes/snippets/web/web.conf.hbs': 'port = {{port}}\nlevel = {{level}}\n',
  'recipes/images/base/image.yaml': `description: The base of the others
base: debian:12
supervisor: runit
`,
  'recipes/images/site/image.yaml': `description: A site
base: { image: base }
snippets:
  - web: { port: 8080 }
`,
}

/** Files to add to {@link PROJECT} or replace in it; `null` leaves one out. */
type Changes = Readonly<Record<string, string | Uint8Array | null>>

/** Writes the project into a new folder that goes away with the test. */
export async function project(changes: Changes = {}): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), 'recipe-'))
  onTestFinished(() => rm(root, { recursive: true, force: true }))
  for (const [path, content] of Object.entries({ ...PROJECT, ...changes })) {
    if (content === null) continue
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), content)
  }
  return root
}

/** The problems of a project, one a line, as a user reads them. */
export async function problemsOf(changes: Changes): Promise<string[]> {
  const root = await project(changes)
  const error = await loadRecipes(root).then(
    () => undefined,
    (error: unknown) => error,
  )
  if (error === undefined) return []
  if (!(error instanceof RecipeError)) throw error
  return error.message.split('\n').slice(1)
}
