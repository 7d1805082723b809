import { describe, expect, test } from 'vitest'
import { explainImage } from './explanation.ts'
import { PROJECT, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'
import { traceDockerfile, traceFailure } from './source-map.ts'

type Changes = Parameters<typeof project>[0]

const SITE = 'recipes/images/site/image.yaml'
const WEB = 'recipes/snippets/web/snippet.yaml'

const CHANGES: Changes = {
  [WEB]: (PROJECT[WEB] ?? '')
    .replace('{ apt: [nginx] }', '\n  apt:\n    - nginx\n    - certbot')
    .replace('run:\n', 'install:\n  - |\n    rm /etc/nginx/default \\\n      /etc/nginx/other\nrun:\n'),
  [SITE]: `${PROJECT[SITE]}files:
  - { target: /srv/a, content: a }
  - { target: /srv/b, content: b }
environment: { A: "1", B: "2" }
volumes: [/srv/data]
cmd: [/bin/run]
labels: { org.example.x: "1" }
`,
}

async function site(changes: Changes = CHANGES) {
  return renderImage(await loadRecipes(await project(changes)), 'site')
}

test('every line of a Dockerfile leads to its place in the recipes', async () => {
  const traced = traceDockerfile(await site())
  const lines = traced.map(({ text, origin }) => {
    const place = origin ? `${origin.file.replace(/^recipes\/\w+\//, '')}:${origin.line}:${origin.column}` : '-'
    return `${place} | ${text}`
  })
  expect(lines.slice(2)).toEqual(
    `recipes/recipes.yaml:1:1 | #   recipes/recipes.yaml
site/image.yaml:1:1 | #   recipes/images/site/image.yaml
web/snippet.yaml:1:1 | #   recipes/snippets/web/snippet.yaml
- | 
site/image.yaml:2:16 | ARG BASE=registry.example/images/base:latest
site/image.yaml:2:16 | FROM \${BASE}
- | 
web/snippet.yaml:1:1 | # web: A web server
web/snippet.yaml:10:7 | RUN apt-get update \\
web/snippet.yaml:10:7 |  && DEBIAN_FRONTEND=noninteractive apt-get install --yes --no-install-recommends \\
web/snippet.yaml:10:7 |       nginx \\
web/snippet.yaml:11:7 |       certbot \\
web/snippet.yaml:16:5 |  && rm /etc/nginx/default \\
web/snippet.yaml:16:5 |       /etc/nginx/other \\
web/snippet.yaml:10:7 |  && apt-get clean \\
web/snippet.yaml:10:7 |  && rm -rf \\
web/snippet.yaml:10:7 |       /var/lib/apt/lists/* \\
web/snippet.yaml:10:7 |       /var/log/apt/* /var/log/dpkg.log /var/log/alternatives.log \\
web/snippet.yaml:10:7 |       /var/cache/debconf/*-old /var/lib/dpkg/*-old /var/cache/ldconfig/aux-cache \\
web/snippet.yaml:10:7 |  && : > /etc/machine-id
web/snippet.yaml:13:15 | COPY snippets/web/etc/web.conf /etc/
web/snippet.yaml:21:13 | COPY snippets/web/etc/runit/runsvdir/services/web/run /etc/runit/runsvdir/services/web/
web/snippet.yaml:19:5 | RUN web-setup --greeting 'hello'
- | 
site/image.yaml:8:19 | ENV A="1" \\
site/image.yaml:8:27 |     B="2"
site/image.yaml:6:15 | COPY files/srv/a \\
site/image.yaml:7:15 |      files/srv/b \\
site/image.yaml:7:15 |      /srv/
- | 
web/snippet.yaml:22:9 | EXPOSE 8080
site/image.yaml:9:11 | VOLUME ["/srv/data"]
site/image.yaml:10:1 | CMD ["/bin/run"]
site/image.yaml:1:14 | LABEL org.opencontainers.image.title="site" \\
site/image.yaml:1:14 |       org.opencontainers.image.description="A site" \\
site/image.yaml:11:26 |       org.example.x="1"`.split('\n'),
  )
})

test('a command that needs the JSON form is one line of its first place', async () => {
  const image = await site({
    [SITE]: 'description: A site\nbase: { image: base }\nsnippets:\n  - web: { greeting: "a\\nb" }\n',
  })
  const line = traceDockerfile(image).find(({ text }) => text.startsWith('RUN ["/bin/sh"'))
  expect(line?.origin).toEqual({ file: WEB, line: 12, column: 5 })
})

describe('the place of a failed instruction', () => {
  const first = (image: Awaited<ReturnType<typeof site>>, start: string) =>
    traceDockerfile(image).find(({ text }) => text.startsWith(start))?.number ?? 0

  test.each([
    ['a package there is none of', ['E: Unable to locate package certbot'], { line: 11, column: 7 }],
    ['a command that failed', ["rm: cannot remove '/etc/nginx/default': No such file"], { line: 16, column: 5 }],
    ['nothing said', [], { line: 10, column: 7 }],
  ])('%s', async (_, output, place) => {
    const image = await site()
    expect(traceFailure(image, first(image, 'RUN apt-get'), output)).toEqual({ file: WEB, ...place })
  })

  test('of a line there is none of', async () => {
    expect(traceFailure(await site(), 999)).toBeUndefined()
  })
})

test('an image explains its order', async () => {
  const root = await project({
    'recipes/snippets/tls/snippet.yaml': 'description: Certificates\nrun: [make-certificates]\n',
    [WEB]: `requires: [tls]\n${PROJECT[WEB]}`,
  })
  const { chain, snippets } = explainImage(await loadRecipes(root), 'site')
  expect(chain).toEqual(['debian:12', 'base', 'site'])
  expect(snippets.map(({ name, image, reason }) => `${image}: ${name}: ${reason}`)).toEqual([
    'base: runit: the supervisor comes first',
    'site: tls: required by "web"',
    'site: web: listed by the image, after "tls"',
  ])
})
