import { describe, expect, test } from 'vitest'
import { adoptDockerfile } from './adoption.ts'
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
  const { image } = adoptDockerfile(await loadRecipes(root), 'shop', 'Dockerfile', DOCKERFILE)
  await createImage(root, 'shop', image)
  const text =
    renderImage(await loadRecipes(root), 'shop')
      .files.get('Dockerfile')
      ?.content.toString() ?? ''
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

test('an image of the recipes is a base, too', async () => {
  expect((await adopt('FROM registry.example/images/site\nUSER web\n')).image.base).toEqual({ image: 'site' })
})

describe('what can not be adopted', () => {
  test.each([
    ['FROM ubuntu:22.04\n', '1:1: no base of the recipes is "ubuntu:22.04"; add it to "bases" in recipes/recipes.yaml'],
    [
      'FROM debian:12 AS a\nFROM debian:12\n',
      '2:1: a second stage can not be adopted; write a snippet with "stages" for it',
    ],
    ['ARG V=12\nFROM debian:12\n', '1:1: an ARG before FROM can not be adopted; put its value into FROM'],
    ['FROM debian:12\nRUN <<EOF\n', '2:1: here-documents need BuildKit; put the text into a file'],
    ['FROM debian:12\nRUN --mount=type=cache,target=/x a\n', '2:1: this flag needs BuildKit; leave it out'],
    ['', '1:1: there is no FROM; it is no Dockerfile'],
  ])('%j', async (text, problem) => {
    await expect(adopt(text)).rejects.toThrow(`shop/Dockerfile:${problem}`)
  })
})
