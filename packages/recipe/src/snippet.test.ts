import { describe, expect, test } from 'vitest'
import { PROJECT, problemsOf } from './recipe-fixture.ts'

const WEB = 'recipes/snippets/web/snippet.yaml'
const SITE = 'recipes/images/site/image.yaml'

/** site/image.yaml with these lines after its description and base. */
const site = (lines: string) => ({ [SITE]: `description: A site\nbase: { image: base }\n${lines}` })
const options = (options: string) => site(`snippets:\n  - web: ${options}\n`)

/** web/snippet.yaml with a line replaced. */
const web = (line: string, by: string) => ({ [WEB]: (PROJECT[WEB] ?? '').replace(line, by) })

describe('what can be wrong with a snippet', () => {
  test.each<[string, Record<string, string | Buffer>, string[]]>([
    [
      'unknown option type',
      web('type: boolean', 'type: bool'),
      [`${WEB}:7:19: "options.public.type" is "bool"; did you mean "boolean"?`],
    ],
    [
      'default of the wrong type',
      web('default: 80', 'default: many'),
      [`${WEB}:3:34: "options.port.default" is a text, expected a number`],
    ],
    ['default out of range', web('default: 80', 'default: 0'), [`${WEB}:3:34: the default is 0, expected at least 1`]],
    [
      'bad expression',
      web('default: hello', 'pattern: "["'),
      [`${WEB}:4:38: "options.greeting.pattern" is no regular expression`],
    ],
    [
      'bad option name',
      web('  greeting:', '  Greeting:'),
      [`${WEB}:4:3: "Greeting" is no option name: lower-case letters, digits and "_", starting with a letter`],
    ],
    [
      'unknown variable in a step',
      web('{{greeting}} {{hosts}}', '{{greting}}'),
      [`${WEB}:12:28: no variable "greting"; did you mean "greeting"?`],
    ],
    [
      'unknown variable in a file',
      { 'recipes/snippets/web/web.conf.hbs': 'a\nb {{prot}}\n' },
      ['recipes/snippets/web/web.conf.hbs:2:5: no variable "prot"; did you mean "port"?'],
    ],
    [
      'template that does not parse',
      { 'recipes/snippets/web/web.conf.hbs': '{{#if port}}\n' },
      ['recipes/snippets/web/web.conf.hbs:2:1: template: it ends in the middle of a block or tag'],
    ],
    [
      'template that is not UTF-8',
      { 'recipes/snippets/web/web.conf.hbs': Buffer.of(0xff) },
      ['recipes/snippets/web/web.conf.hbs:1:1: is not UTF-8 text; save it as UTF-8, or use a source without .hbs'],
    ],
    [
      'value inside quotes',
      web('--greeting {{greeting}}', '--greeting "{{greeting}}"'),
      [`${WEB}:12:27: a value can not be quoted inside double quotes; assign it to a variable first, as in name={{…}}`],
    ],
    [
      'place in a block of text',
      web('- web-setup --greeting {{greeting}} {{hosts}}', '- |\n    a \\\n      {{nope}}'),
      [expect.stringMatching(/^recipes\/snippets\/web\/snippet\.yaml:14:9: no variable "nope"/)],
    ],
    [
      'missing required snippet',
      web('packages:', 'requires: [tsl]\npackages:'),
      [`${WEB}:8:12: no snippet "tsl"`.concat('; known: "runit", "web"')],
    ],
    [
      'service that waits for none',
      web('exec: [/usr', 'after: [wbe], exec: [/usr'),
      [`${WEB}:14:41: no service "wbe" for "web" to wait for; did you mean "web"?`],
    ],
    [
      'program without a path',
      web('[/usr/sbin/web', '[web'),
      [`${WEB}:14:40: "web" is no program: a service starts an absolute path, with no shell; seen in image "site"`],
    ],
    [
      'packages for another distribution',
      web('{ apt: [nginx] }', '{ apk: [nginx] }'),
      [`${SITE}:4:5: snippet "web" has no packages for apt; it has them for apk`],
    ],
    [
      'what is no package',
      web('[nginx]', '["{{greeting}} x"]'),
      [`${WEB}:8:19: "hello x" is no name of a package; seen in image "site"`],
    ],
  ])('%s', async (_, changes, problems) => {
    expect(await problemsOf(changes)).toEqual(problems)
  })

  test('an option without a default has to be given', async () => {
    const changes = web('{ type: string, default: hello }', '{ type: string, description: What it says }')
    expect(await problemsOf(changes)).toEqual([`${SITE}:4:5: snippet "web" needs the option "greeting"; What it says`])
  })

  test('a text has to match its pattern as a whole', async () => {
    const changes = { ...web('default: hello', 'default: hello, pattern: "[a-z]+"'), ...options('{ greeting: "a b" }') }
    expect(await problemsOf(changes)).toEqual([
      `${SITE}:4:22: option "greeting" of "web" is "a b", which does not match [a-z]+`,
    ])
  })

  test('a value that would break out of a line of a file', async () => {
    const file = 'recipes/snippets/web/web.conf.hbs'
    const changes = { [file]: 'greeting = {{greeting}}\n', ...options('{ greeting: "a\\nb" }') }
    expect(await problemsOf(changes)).toEqual([
      `${file}:1:12: "a\\nb" has a line break or control character, which would end its line; seen in image "site"`,
    ])
  })

  test('a wrong value is told of every image that has it', async () => {
    const file = 'recipes/snippets/web/web.conf.hbs'
    const other = 'description: Another\nbase: { image: base }\nsnippets: [web: { greeting: "a\\nb" }]\n'
    const changes = {
      [file]: 'greeting = {{greeting}}\n',
      ...options('{ greeting: "a\\nb" }'),
      'recipes/images/another/image.yaml': other,
    }
    const fault = `${file}:1:12: "a\\nb" has a line break or control character, which would end its line`
    expect(await problemsOf(changes)).toEqual([`${fault}; seen in image "another"`, `${fault}; seen in image "site"`])
  })

  test('two that own one file', async () => {
    const other = 'description: Other\nfiles:\n  - { target: /etc/web.conf, content: "" }\n'
    const changes = { 'recipes/snippets/other/snippet.yaml': other, ...site('snippets: [web, other]\n') }
    expect(await problemsOf(changes)).toEqual([
      `${SITE}:3:17: snippets "web" and "other" both own "/etc/web.conf"; leave one of them out`,
    ])
  })

  test('that require each other', async () => {
    const requires = (name: string) => `description: x\nrequires: [${name}]\n`
    const changes = {
      'recipes/snippets/a/snippet.yaml': requires('b'),
      'recipes/snippets/b/snippet.yaml': requires('a'),
    }
    expect(await problemsOf(changes)).toEqual([
      'recipes/snippets/a/snippet.yaml:2:12: snippet "a" requires itself: a → b → a',
    ])
  })

  test('services that wait for each other', async () => {
    const services = `services:
  - { name: a, type: longrun, exec: [/a], after: [b] }
  - { name: b, type: longrun, exec: [/b], after: [a] }
`
    const changes = {
      'recipes/snippets/pair/snippet.yaml': `description: x\n${services}`,
      ...site('snippets: [pair]\n'),
    }
    expect(await problemsOf(changes)).toEqual([
      'recipes/snippets/pair/snippet.yaml:3:13: service "a" waits for itself: a → b → a',
    ])
  })

  test('a oneshot that waits for a longrun', async () => {
    const services =
      'services:\n  - { name: a, type: oneshot, exec: [/a], after: [b] }\n  - { name: b, type: longrun, exec: [/b] }\n'
    const changes = {
      'recipes/snippets/pair/snippet.yaml': `description: x\n${services}`,
      ...site('snippets: [pair]\n'),
    }
    expect(await problemsOf(changes)).toEqual([
      'recipes/snippets/pair/snippet.yaml:3:51: "a" is a oneshot and can not wait for "b", a longrun; every oneshot runs before any longrun',
    ])
  })
})
