/** A file of a repository that begins to publish flists, by its path. */
export type StartingFiles = ReadonlyMap<string, string>

export type DockerfileStart = { readonly name: string; readonly dockerfile: string }
export type RecipesStart = { readonly name: string; readonly registry: string }

/** What a repository with a Dockerfile needs; the same as examples/dockerfile. */
export function dockerfileFiles({ name, dockerfile }: DockerfileStart): StartingFiles {
  const inputs = `image: ${name}, dockerfile: ${JSON.stringify(dockerfile).slice(1, -1)}, registry-password: "${expression('github.token')}", hub-token: "${expression('secrets.HUB_TOKEN')}"`
  const workflow = `on: { push: { branches: [main] } }
permissions: { contents: read, packages: write }
jobs:
  flist:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@8e8c483db84b4bee98b60c0593521ed34d9990e8
      - { uses: threefoldtech/tf-images@v1, with: { ${inputs} } }
`
  return new Map([['.github/workflows/flist.yml', workflow]])
}

/** What a repository of recipes begins with; the workflow is the one of examples/recipes. */
export function recipesFiles({ name, registry }: RecipesStart): StartingFiles {
  const workflow = `# Recipes of this repository to flists, with the workflow of tf-images.
on:
  push: { branches: [main] }
  schedule: [{ cron: 17 3 * * * }] # bases move
  workflow_dispatch: {}
permissions: { contents: read }
jobs:
  flists:
    uses: threefoldtech/tf-images/.github/workflows/images.yml@v1
    permissions: { contents: read, packages: write } # pushes the images
    secrets: { hub-token: "${expression('secrets.HUB_TOKEN')}" }
`
  const recipes = `registry: ${registry}
bases:
  # An image of tf-images: it has what its snippets make, and yours go on top.
  tf-debian:
    reference: ghcr.io/threefoldtech/tf-images/debian-12:latest
    family: debian
`
  const snippet = `description: Says a motto at login
version: "1.0"
options:
  text: { type: string, default: hello, description: What it says }
files:
  - { target: /etc/motto, content: "{{text}}\\n" }
`
  const image = `description: Our Debian, with a motto
base: tf-debian
snippets:
  - motto: { text: good morning }
cmd: [/bin/sh]
`
  return new Map([
    ['recipes/recipes.yaml', recipes],
    ['recipes/snippets/motto/snippet.yaml', snippet],
    [`recipes/images/${name}/image.yaml`, image],
    ['.github/workflows/flists.yml', workflow],
  ])
}

const expression = (text: string) => `\${{ ${text} }}`
