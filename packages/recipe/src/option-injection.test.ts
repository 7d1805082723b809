import { spawnSync } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { renderImage } from './render.ts'

/** Whatever an image gives an option, it is data at every place a snippet puts it. */

const SITE = 'recipes/images/site/image.yaml'

const projectWith = (supervisor: 'runit' | 'systemd' | 'zinit') => ({
  [`recipes/snippets/${supervisor}/snippet.yaml`]: 'description: A supervisor\n',
  'recipes/images/base/image.yaml': `description: x\nbase: debian:12\nsupervisor: ${supervisor}\n`,
  'recipes/snippets/probe/snippet.yaml': `description: Puts an option everywhere
options: { value: { type: string } }
run: ["printf '%s' {{value}}"]
files:
  - { target: /etc/probe.json, source: probe.json.hbs }
  - { target: /usr/bin/probe, source: probe.hbs, mode: "0755" }
services:
  - { name: probe, type: longrun, exec: [/bin/probe, "{{value}}"] }
`,
  'recipes/snippets/probe/probe.json.hbs': '{ "value": {{value}} }\n',
  'recipes/snippets/probe/probe.hbs': "#!/bin/sh\nprintf '%s' {{value}}\n",
})

/** Text as an attacker writes it: what ends or starts something at any of the places, and anything else. */
const hostile = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        "'",
        '"',
        '\\',
        '\n',
        '\r\n',
        '$(id)',
        '`id`',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: an expansion is what must not happen
        '${HOME}',
        '{{value}}',
        '{{{',
        '%n',
        '; ',
        ' && ',
        '# ',
        'a: b',
        '\nRUN id',
        '\nExecStart=/bin/id',
        '\u2028',
        '<<EOF',
      ),
      fc.string({ unit: 'binary', maxLength: 4 }),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))
  .filter((text) => !text.includes('\0') && text.isWellFormed())

/** Renders the image with each value and hands over the files of its context. */
async function eachRendered(
  supervisor: 'runit' | 'systemd' | 'zinit',
  check: (value: string, textOf: (path: string) => string) => void,
): Promise<void> {
  const root = await project(projectWith(supervisor))
  await fc.assert(
    fc.asyncProperty(hostile, async (value) => {
      const uses = JSON.stringify([{ probe: { value } }]).replaceAll('\u2028', '\\u2028')
      await writeFile(join(root, SITE), `description: x\nbase: { image: base }\nsnippets: ${uses}\n`)
      const { files } = renderImage(await loadRecipes(root), 'site')
      const textOf = (path: string) => files.get(path)?.content.toString() ?? ''
      check(value, textOf)
    }),
    { numRuns: 60 },
  )
}

/** The script of the only RUN of a Dockerfile. */
function scriptOf(dockerfile: string): string {
  const [run, ...others] = dockerfile.split('\n').filter((line) => line.startsWith('RUN '))
  expect(others).toEqual([])
  const instruction = run?.slice('RUN '.length) ?? ''
  return instruction.startsWith('[') ? JSON.parse(instruction)[2] : instruction
}

const PROBE = 'snippets/probe'

const output = (script: string) => spawnSync('sh', ['-c', script], { encoding: 'utf8', env: { HOME: '/x' } }).stdout

describe('a hostile value arrives as it is', () => {
  test('in a RUN instruction, a shell script, a JSON file and the script of a runit service', async () => {
    await eachRendered('runit', (value, textOf) => {
      expect(output(scriptOf(textOf('Dockerfile')))).toBe(value)
      expect(output(textOf(`${PROBE}/usr/bin/probe`))).toBe(value)
      expect(JSON.parse(textOf(`${PROBE}/etc/probe.json`))).toEqual({ value })
      const service = textOf(`${PROBE}/etc/runit/runsvdir/services/probe/run`).replace('exec /bin/probe', "printf '%s'")
      expect(output(service)).toBe(value)
    })
  })

  test('in the YAML of a zinit service', async () => {
    await eachRendered('zinit', (value, textOf) => {
      const unit = parse(textOf(`${PROBE}/etc/zinit/probe.yaml`))
      expect(Object.keys(unit)).toEqual(['exec', 'log', 'after'])
      expect(output(unit.exec.replace('/bin/probe', "printf '%s'"))).toBe(value)
    })
  })

  test('in the unit of a systemd service', async () => {
    await eachRendered('systemd', (value, textOf) => {
      const unit = textOf(`${PROBE}/etc/systemd/system/tf-probe.service`)
      const lines = unit.split(/[\n\r]/)
      expect(lines).toHaveLength(16)
      const start = 'ExecStart=/usr/local/libexec/tf-output /bin/probe '
      const word = lines.find((line) => line.startsWith(start))?.slice(start.length) ?? ''
      const inner = word.startsWith('"') ? word.slice(1, -1) : word
      const read = inner
        .replaceAll(/\\x([0-9a-f]{2})|\\(["\\])/g, (_, code, character) =>
          code === undefined ? character : String.fromCharCode(Number.parseInt(code, 16)),
        )
        .replaceAll('%%', '%')
        .replaceAll('$$', '$')
      expect(read).toBe(value)
    })
  })
})
