// biome-ignore-all lint/suspicious/noTemplateCurlyInString: shell and Dockerfile texts

import { describe, expect, test } from 'vitest'
import { problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

type Changes = NonNullable<Parameters<typeof project>[0]>

const SITE = 'recipes/images/site/image.yaml'
const TOOL = 'recipes/snippets/tool/snippet.yaml'
const HASH = 'a'.repeat(64)
const OTHER = 'b'.repeat(64)

/** site with a snippet "tool" of these lines. */
const tool = (lines: string): Changes => ({
  [TOOL]: `description: A tool\n${lines}`,
  [SITE]: 'description: A site\nbase: { image: base }\nsnippets: [tool]\n',
})

async function render(lines: string) {
  return renderImage(await loadRecipes(await project(tool(lines))), 'site')
}

const dockerfileOf = async (lines: string) => (await render(lines)).files.get('Dockerfile')?.content.toString()

const DOWNLOAD = `version: "1.2"
options: { release: { type: string, default: "0.2.14" } }
downloads:
  - target: /sbin/tool
    mode: "0755"
    architectures:
      amd64: { url: "https://example.org/{{release}}/tool-x86_64", sha256: ${HASH} }
      arm64: { url: "https://example.org/{{release}}/tool-aarch64", sha256: ${OTHER} }
`

describe('downloads', () => {
  test('are loaded and checked in a stage of their own', async () => {
    expect(await dockerfileOf(DOWNLOAD)).toContain(`
ARG BASE=registry.example/images/base:latest

# A stage of tool 1.2: only what is copied out of it is in the image
FROM \${BASE} AS downloads-of-tool
ADD https://example.org/0.2.14/tool-x86_64 /loaded/0-amd64
ADD https://example.org/0.2.14/tool-aarch64 /loaded/0-arm64
RUN echo '${HASH}  /loaded/0-amd64' | sha256sum -c - \\
 && echo '${OTHER}  /loaded/0-arm64' | sha256sum -c - \\
 && case "$(uname -m)" in x86_64) file=/loaded/0-amd64 ;; aarch64) file=/loaded/0-arm64 ;; *) echo "no download for $(uname -m)" >&2; exit 1 ;; esac \\
 && install -D -m 0755 "$file" /checked/0

FROM \${BASE}

# tool 1.2: A tool
COPY --from=downloads-of-tool /checked/0 /sbin/tool
`)
  })

  test('of an archive are unpacked', async () => {
    const text = await dockerfileOf(`downloads:
  - target: /opt/tool
    unpack: { strip: 1 }
    architectures: { amd64: { url: https://example.org/tool.tar.gz, sha256: ${HASH} } }
`)
    expect(text).toContain(
      ' && mkdir -p /checked/0 \\\n && tar -xf "$file" -C /checked/0 --no-same-owner --strip-components=1\n',
    )
    expect(text).toContain('COPY --from=downloads-of-tool /checked/0/ /opt/tool/\n')
  })

  test('of a zip are unpacked by a tool that stays in the stage', async () => {
    const text = await dockerfileOf(`downloads:
  - target: /opt/tool
    unpack: { format: zip }
    architectures: { amd64: { url: https://example.org/tool.zip, sha256: ${HASH} } }
`)
    const [stage = '', image = ''] = (text ?? '').split('\nFROM ${BASE}\n')
    expect(stage).toContain(' apt-get install --yes --no-install-recommends \\\n      unzip \\\n')
    expect(stage).toContain(' && mkdir -p /checked/0 \\\n && unzip -q "$file" -d /checked/0\n')
    expect(image).toContain('COPY --from=downloads-of-tool /checked/0/ /opt/tool/\n')
    expect(image).not.toContain('unzip')
  })

  test('of a zip keep their folders', async () => {
    const lines = `downloads:
  - target: /opt/tool
    unpack: { format: zip, strip: 1 }
    architectures: { amd64: { url: https://example.org/tool.zip, sha256: ${HASH} } }
`
    expect(await problemsOf(tool(lines))).toEqual([expect.stringContaining('can not leave out folders of a zip')])
  })

  test('without a hash take it as a build argument, and are not even loaded without that', async () => {
    const text = await dockerfileOf(`downloads:
  - target: /sbin/tool
    architectures:
      amd64: { url: "https://example.org/x" }
      arm64: { url: "https://example.org/y", sha256: ${OTHER} }
`)
    expect(text).toContain(`
FROM \${BASE} AS downloads-of-tool
# Hashes that recipes.lock.yaml has
ARG SHA256_TOOL_1_AMD64
RUN : "\${SHA256_TOOL_1_AMD64:?${TOOL}: no sha256 of https://example.org/x; build with flist, after: flist lock}"
ADD https://example.org/x /loaded/0-amd64
ADD https://example.org/y /loaded/0-arm64
RUN echo "\${SHA256_TOOL_1_AMD64}  /loaded/0-amd64" | sha256sum -c - \\
 && echo '${OTHER}  /loaded/0-arm64' | sha256sum -c - \\
`)
  })

  test('are known as data, for a lock', async () => {
    expect(
      (await render(DOWNLOAD)).downloads.map(({ url, sha256, architecture }) => [url, sha256, architecture]),
    ).toEqual([
      ['https://example.org/0.2.14/tool-x86_64', HASH, 'amd64'],
      ['https://example.org/0.2.14/tool-aarch64', OTHER, 'arm64'],
    ])
  })

  test.each([
    ['$(id)', HASH, 'is no place to load from'],
    ['ftp://example.org/x', HASH, 'is no place to load from'],
    ['https://example.org/a b', HASH, 'is no place to load from'],
    ['https://example.org/x', 'A'.repeat(64), 'is no SHA-256'],
    ['https://example.org/x', '', 'is no SHA-256'],
  ])('%s %s', async (url, sha256, fault) => {
    const lines = `options: { url: { type: string, default: ${JSON.stringify(url)} }, hash: { type: string, default: "${sha256}" } }
downloads:
  - { target: /x, architectures: { amd64: { url: "{{url}}", sha256: "{{hash}}" } } }
`
    const problems = await problemsOf(tool(lines))
    expect(problems).toHaveLength(1)
    expect(problems[0]).toContain(fault)
  })
})

describe('stages', () => {
  const STAGE = `options: { flag: { type: string, default: "it's" } }
stages:
  - name: builder
    packages: { apt: [gcc] }
    run: ["make {{flag}}"]
    copy: [{ from: /out/tool, to: /usr/bin/tool }]
`

  test('only what is copied out of it reaches the image', async () => {
    const text = (await dockerfileOf(STAGE)) ?? ''
    expect(text).toMatch(
      /FROM \$\{BASE\} AS builder-of-tool\nRUN apt-get update[\s\S]* && make 'it'\\''s'\n\nFROM \$\{BASE\}\n/,
    )
    expect(text).toMatch(/# tool: A tool\nCOPY --from=builder-of-tool \/out\/tool \/usr\/bin\/tool\n/)
  })

  test.each([
    ['two of a name', STAGE + STAGE.split('\n').slice(2).join('\n'), /stage "builder" is listed twice/],
    ['no packages for the distribution', STAGE.replace('apt:', 'apk:'), /snippet "tool" has no packages for apt/],
    ['a file that another snippet owns', STAGE.replace('/usr/bin/tool', '/sbin/init'), /both own "\/sbin\/init"/],
    ['a reserved name', STAGE.replace('name: builder', 'name: downloads'), /is no stage/],
  ])('%s', async (_, lines, fault) => {
    expect((await problemsOf(tool(lines))).join('\n')).toMatch(fault)
  })
})

describe('the order of snippets', () => {
  const three: Changes = {
    'recipes/snippets/one/snippet.yaml': 'description: x\nrun: [one]\nafter: [two]\n',
    'recipes/snippets/two/snippet.yaml': 'description: x\nrun: [two]\n',
  }

  test('one that comes after another waits for it, but does not bring it', async () => {
    const order = async (snippets: string) => {
      const image = { [SITE]: `description: x\nbase: { image: base }\nsnippets: [${snippets}]\n` }
      const text = renderImage(await loadRecipes(await project({ ...three, ...image })), 'site').files.get('Dockerfile')
      return [...(text?.content.toString().matchAll(/^# (one|two):/gm) ?? [])].map(([, name]) => name)
    }
    expect(await order('one, two')).toEqual(['two', 'one'])
    expect(await order('one')).toEqual(['one'])
  })

  test('a cycle is told with its way round', async () => {
    const two = { 'recipes/snippets/two/snippet.yaml': 'description: x\nrun: [two]\nrequires: [one]\n' }
    expect(await problemsOf({ ...three, ...two })).toEqual([
      'recipes/snippets/one/snippet.yaml:3:9: snippet "one" comes after itself: one → two → one',
    ])
  })

  test('an unknown name is no silent no-op', async () => {
    const one = { 'recipes/snippets/one/snippet.yaml': 'description: x\nrun: [one]\nafter: [twoo]\n' }
    expect(await problemsOf({ ...three, ...one })).toEqual([
      'recipes/snippets/one/snippet.yaml:3:9: no snippet "twoo"; did you mean "two"?',
    ])
  })
})

test.each([
  ['debian', []],
  ['"debian:12"', []],
  ['"debian:13", alpine', [`${SITE}:3:12: snippet "tool" does not support "debian:12"; it supports debian:13, alpine`]],
])('a snippet that supports %s', async (distributions, problems) => {
  expect(await problemsOf(tool(`distributions: [${distributions}]\n`))).toEqual(problems)
})
