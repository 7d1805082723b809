import { describe, expect, test } from 'vitest'
import { adoptDockerfile } from './adoption.ts'
import { proveAdoption } from './adoption-proof.ts'
import { createImage } from './new-definition.ts'
import { project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

async function adopt(text: string) {
  return adoptDockerfile(await loadRecipes(await project()), 'shop', 'shop/Dockerfile', text)
}

const DOCKERFILE = `# syntax is plain
FROM debian:12
# The web server,
# from Debian
RUN apt-get update && \\
    # not the full one
    apt-get install -y nginx

ENV HOME=/srv PATH="/opt/bin:$PATH"
EXPOSE 80 443/tcp
COPY --chown=www-data . /srv/
COPY ["a b", "/etc/"]
ADD https://example.org/x ./conf /etc/
WORKDIR /srv
ENTRYPOINT ["/bin/run"]
CMD ["serve", "--all"]
`

test('what recipes have words for becomes that; the rest is kept with its comments', async () => {
  const { image, needsContext, accounts } = await adopt(DOCKERFILE)
  expect(image).toEqual({
    description: 'shop, adopted from its Dockerfile',
    base: 'debian:12',
    ports: ['80', '443/tcp'],
    entrypoint: ['/bin/run'],
    cmd: ['serve', '--all'],
    dockerfile: `# The web server,
# from Debian
RUN apt-get update && \\
    # not the full one
    apt-get install -y nginx
ENV HOME=/srv PATH="/opt/bin:$PATH"
COPY --chown=www-data context/ /srv/
COPY ["context/a b","/etc/"]
ADD https://example.org/x context/conf /etc/
WORKDIR /srv
`,
  })
  expect(needsContext).toBe(true)
  expect(
    accounts.map(({ line, keyword, became, snippet }) => [line, keyword, became, snippet ?? ''].join(' ').trim()),
  ).toEqual([
    '2 FROM base',
    '5 RUN dockerfile web',
    '9 ENV dockerfile',
    '10 EXPOSE ports',
    '11 COPY dockerfile',
    '12 COPY dockerfile',
    '13 ADD dockerfile',
    '14 WORKDIR dockerfile',
    '15 ENTRYPOINT entrypoint',
    '16 CMD cmd',
  ])
})

test('the definition renders, with every kept instruction in its order', async () => {
  const root = await project()
  const adoption = await adoptDockerfile(await loadRecipes(root), 'shop', 'Dockerfile', DOCKERFILE)
  const { image, comments } = adoption
  await createImage(root, 'shop', image, comments)
  const rendered = renderImage(await loadRecipes(root), 'shop')
  proveAdoption(rendered, adoption)
  expect(() => proveAdoption(rendered, { ...adoption, image: { dockerfile: 'RUN other\n' } })).toThrow(
    'dockerfiles/shop: not there as in the original: RUN other; the definition does not stand for the Dockerfile',
  )
  const text = rendered.files.get('Dockerfile')?.content.toString() ?? ''
  expect(text).toContain(String(image.dockerfile))
  expect(text).toContain('EXPOSE 80 443/tcp\nENTRYPOINT ["/bin/run"]\nCMD ["serve", "--all"]\n')
})

test.each([
  ['shell form', 'ENTRYPOINT /bin/run\nCMD ["x"]'],
  ['two of a kind', 'CMD ["x"]\nCMD ["y"]'],
  ['a program that is looked for', 'ENTRYPOINT ["run"]'],
])('commands that can not be moved stay: %s', async (_, lines) => {
  expect((await adopt(`FROM debian:12\n${lines}\n`)).image.dockerfile).toBe(`${lines}\n`)
})

test('an instruction of old Dockerfiles stays, too', async () => {
  expect((await adopt('FROM debian:12\nMAINTAINER ann\n')).image.dockerfile).toBe('MAINTAINER ann\n')
})

test('an image of the recipes is a base, too', async () => {
  expect((await adopt('FROM registry.example/images/site\nUSER web\n')).image.base).toEqual({ image: 'site' })
})

test('stages on the base of the image stay stages; those it is built on become its own instructions', async () => {
  const { image, accounts } = await adopt(`ARG VERSION=12
ARG NAME="a b"
# where it starts
FROM debian:\${VERSION} AS Common
ENV A=1

FROM common AS build
ARG NAME
# makes it
RUN make "$NAME"
COPY src /src

FROM debian:12
RUN unused

FROM common
# what was made
COPY --from=build /out /usr/bin/out
COPY --from=2 /etc/x /etc/x
# the end
`)
  expect(image).toEqual({
    description: 'shop, adopted from its Dockerfile',
    base: 'debian:12',
    stages: [
      {
        name: 'build',
        dockerfile: '# where it starts\nENV A=1\nARG NAME="a b"\n# makes it\nRUN make "$NAME"\nCOPY context/src /src\n',
      },
      { name: 'stage-2', dockerfile: 'RUN unused\n' },
    ],
    dockerfile: `ENV A=1
# what was made
COPY --from=build /out /usr/bin/out
COPY --from=stage-2 /etc/x /etc/x
# the end
`,
  })
  expect(accounts.map(({ line, became }) => `${line} ${became}`).join(', ')).toBe(
    '1 base, 2 base, 4 base, 5 dockerfile, 7 stages, 8 stages, 10 stages, 11 stages, 13 stages, 14 stages, 16 base, 18 dockerfile, 19 dockerfile',
  )
})

test('a stage that nothing is copied out of is left out, and told', async () => {
  const { image, accounts } = await adopt('FROM debian:12 AS tests\nRUN test\nFROM debian:12\nRUN make\n')
  expect(image).toMatchObject({ dockerfile: 'RUN make\n' })
  expect(image).not.toHaveProperty('stages')
  expect(accounts.map(({ became }) => became)).toEqual(['base', 'nothing', 'base', 'dockerfile'])
})

describe('a snippet that does the same is used', () => {
  const TOOLS = `description: Tools
options:
  level: { type: string, default: high }
packages: { apt: [jq, curl] }
install:
  - ln -s jq /usr/bin/j
files:
  - { target: /etc/tools/tools.conf, source: tools.conf.hbs }
environment: { TOOLS: "{{level}}" }
`
  const SAME = `# for the scripts
ENV TOOLS=high
RUN apt-get -y update && apt-get install -y --no-install-recommends curl jq && \\
    ln -s jq /usr/bin/j && rm -rf /var/lib/apt/lists/*
COPY tools.conf /etc/tools/
EXPOSE 80
RUN echo after
`
  const adoptTools = async (text: string, content = 'level high\n') => {
    const root = await project({
      'recipes/snippets/tools/snippet.yaml': TOOLS,
      'recipes/snippets/tools/tools.conf.hbs': 'level {{level}}\n',
    })
    const read = async (path: string) =>
      path === 'tools.conf' ? { content: Buffer.from(content), mode: 0o644 as const } : undefined
    return adoptDockerfile(await loadRecipes(root), 'shop', 'Dockerfile', `FROM debian:12\n${text}`, read)
  }

  test('its packages, commands, files and variables are those of the instructions', async () => {
    const { image, comments, accounts, needsContext } = await adoptTools(SAME)
    expect(image).toMatchObject({ snippets: ['tools'], ports: ['80'], dockerfile: 'RUN echo after\n' })
    expect(comments).toEqual(new Map([['snippets', ['for the scripts']]]))
    expect(accounts.map(({ became }) => became).join(' ')).toBe('base snippets snippets snippets ports dockerfile')
    expect(needsContext).toBe(false)
  })

  test.each([
    ['another package', (text: string) => text.replace('curl jq', 'curl jq git')],
    ['recommended packages', (text: string) => text.replace(' --no-install-recommends', '')],
    ['another command', (text: string) => text.replace('ln -s jq', 'ln -sf jq')],
    ['another value', (text: string) => text.replace('high', 'low')],
    ['another place', (text: string) => text.replace('/etc/tools/', '/etc/tool/')],
    ['another owner', (text: string) => text.replace('COPY', 'COPY --chown=7')],
    ['one file more', (text: string) => text.replace('EXPOSE 80', 'COPY tools.conf /etc/more')],
    ['another order', (text: string) => `RUN echo before\n${text}`],
  ])('not with %s', async (_, change) => {
    expect((await adoptTools(change(SAME))).image).not.toHaveProperty('snippets')
  })

  test('not with another file', async () => {
    expect((await adoptTools(SAME, 'level low\n')).image).not.toHaveProperty('snippets')
  })
})

describe('what can not be adopted', () => {
  test.each([
    ['FROM ubuntu:22.04\n', '1:1: no base of the recipes is "ubuntu:22.04"; add it to "bases" in recipes/recipes.yaml'],
    [
      'FROM golang:1 AS a\nFROM debian:12\nCOPY --from=a /x /x\n',
      '1:1: this stage is built on "golang:1" and the image on "debian:12"; build it on the base of the image, or declare what it makes under "downloads"',
    ],
    [
      'FROM debian:12\nCOPY --from=busybox:1 /bin/sh /x\n',
      '2:1: it copies out of "busybox:1", which is no stage before it; declare what it is under "downloads"',
    ],
    ['FROM --platform=linux/arm64 debian:12\n', '1:1: a platform can not be adopted; leave it out of FROM'],
    ['FROM debian:12\nRUN <<EOF\n', '2:1: here-documents need BuildKit; put the text into a file'],
    ['FROM debian:12\nRUN --mount=type=cache,target=/x a\n', '2:1: this flag needs BuildKit; leave it out'],
    ['', '1:1: there is no FROM; it is no Dockerfile'],
    ['FROM debian:12\nRUN a\nCOPPY a b\n', '3:1: no instruction "COPPY"; did you mean "COPY"?'],
  ])('%j', async (text, problem) => {
    await expect(adopt(text)).rejects.toThrow(`shop/Dockerfile:${problem}`)
  })
})
