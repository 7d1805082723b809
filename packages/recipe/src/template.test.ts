import { spawnSync } from 'node:child_process'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CONTINUATION, formatRun } from './dockerfile.ts'
import { RecipeError } from './problem.ts'
import { compileTemplate, type Template, type TemplateData } from './template.ts'
import type { Variables } from './template-check.ts'
import type { Place } from './template-place.ts'

const VARIABLES: Variables = new Map<string, 'value' | 'list' | Variables>([
  ['port', 'value'],
  ['name', 'value'],
  ['text', 'value'],
  ['on', 'value'],
  ['hosts', 'list'],
  ['image', new Map([['name', 'value']])],
])
const DATA: TemplateData = { port: 22, name: 'n', text: 't', on: true, hosts: ['a', 'b c'], image: { name: 'nginx' } }
const PARTIALS = new Map([
  ['head', { file: 'partials/head.hbs', text: 'port {{port}}\n' }],
  ['loop', { file: 'partials/loop.hbs', text: '\n {{> loop}}' }],
  ['wrong', { file: 'partials/wrong.hbs', text: 'a\n  {{prot}}' }],
])

/** The template, or the problems it has, one a line. */
function compile(place: Place, text: string): Template | string[] {
  const problems: string[] = []
  const source = { file: 'f.hbs', text, place, variables: VARIABLES, partials: PARTIALS }
  const template = compileTemplate(source, ({ file, line, column }, message, hint) => {
    problems.push(`${file}:${line}:${column}: ${message}${hint ? `; ${hint}` : ''}`)
  })
  return template ?? problems
}

function render(place: Place, text: string, data: TemplateData = {}): string {
  const template = compile(place, text)
  if (Array.isArray(template)) throw new Error(template.join('\n'))
  return template.render({ ...DATA, ...data })
}

describe('the quoting around a block', () => {
  const unsure = 'after a "#" that may begin a comment'

  test.each([
    ['a comment where a line begins', '{{#if on}}\n# a comment\nx {{name}}\n{{else}}\n# b\n{{/if}}\n# c\ny {{name}}\n'],
    ['a comment where each item begins', '{{#each hosts}}\n# a comment\nx {{this}}\n{{/each}}\ny {{name}}\n'],
    ['a word that a block may end', 'x{{#if on}} y{{/if}} {{name}}\n'],
    ['a case after a block', 'x {{#if on}}a{{/if}}\ncase {{name}} in a) b;; esac\n'],
  ])('is followed over %s', (_, text) => {
    expect(compile('shell', text)).not.toBeInstanceOf(Array)
  })

  test.each([
    ['x{{#if on}} {{/if}}#"\n {{name}}', unsure],
    ['x {{#if on}}y{{/if}}#"\n {{name}}', unsure],
    ['x{{#if on}} y{{else}} {{/if}}#"\n {{name}}', unsure],
    ['x {{#each hosts}}#"\n {{name}} y{{/each}}', unsure],
    ['cat <{{#if on}}<{{/if}}E\n{{name}}\nE\n', 'after an operator that a block splits'],
    ['"$(ca{{#if on}}{{/if}}se a in a) echo "{{name}}"', 'after a word that a block splits'],
  ])('is not certain in %j', (text, reason) => {
    expect(compile('shell', text)).toContainEqual(expect.stringContaining(`a value can not be quoted ${reason}`))
  })
})

describe('rendering', () => {
  test.each<[Place, string, string]>([
    ['step', 'install {{name}} {{hosts}}', "install 'n' 'a' 'b c'"],
    ['step', 'a --name={{name}}{{#if on}} --on{{/if}}', "a --name='n' --on"],
    ['step', 'a \\\n  b', `a ${CONTINUATION}b`],
    ['step', 'a \\\n{{#if on}}\n  --on \\\n{{/if}}\n  b', `a ${CONTINUATION}--on ${CONTINUATION}b`],
    [
      'shell',
      '#!/bin/sh\n# a comment\nname={{name}}\necho "$name"\n',
      '#!/bin/sh\n# a comment\nname=\'n\'\necho "$name"\n',
    ],
    [
      'json',
      '{"port": {{port}}, "on": {{on}}, "hosts": {{hosts}} }',
      '{"port": 22, "on": true, "hosts": ["a","b c"] }',
    ],
    [
      'line',
      'Port {{port}}\n{{#each hosts}}\nHost {{this}} {{@index}} {{../name}}\n{{/each}}\n',
      'Port 22\nHost a 0 n\nHost b c 1 n\n',
    ],
    ['line', '{{#if (eq name "n")}}yes{{else}}no{{/if}} {{join hosts ","}} {{json hosts}}', 'yes a,b c ["a","b c"]'],
    ['line', '<{{name}} a="b & c">', '<n a="b & c">'],
    ['line', '  {{> head}}\nend\n', 'port 22\nend\n'],
    ['line', '{{text}} {{image.name}}', 't nginx'],
    ['text', '{{! gone }}{{name}}', 'n'],
  ])('%s: %j', (place, text, rendered) => {
    expect(render(place, text)).toBe(rendered)
  })

  test('what looks like a template in a value is not rendered again', () => {
    expect(render('text', '{{name}}', { name: '{{port}} {{> head}}' })).toBe('{{port}} {{> head}}')
  })

  test.each(['a\nb', 'a\rb', 'a\0b', 'a\u2028b'])('a value that would end its line is refused: %j', (name) => {
    expect(() => render('line', 'x\n  {{name}}', { name })).toThrow(RecipeError)
    expect(() => render('line', 'x\n  {{name}}', { name })).toThrow(/f\.hbs:2:3: .* line break or control character/)
  })
})

describe('problems have a place and a remedy', () => {
  test.each<[Place, string, string[]]>([
    ['line', 'a\n {{prot}}', ['f.hbs:2:4: no variable "prot"; did you mean "port"?']],
    ['line', '{{#if (eq nam "x")}}{{/if}}', ['f.hbs:1:11: no variable "nam"; did you mean "name"?']],
    ['line', '{{shel name}}', ['f.hbs:1:3: template: no helper "shel"; did you mean "shell"?']],
    ['line', '{{> haed}}', ['f.hbs:1:1: template: no partial "haed"; did you mean "head"?']],
    ['line', '{{> loop}}', ['partials/loop.hbs:2:2: template: partial "loop" includes itself: loop → loop']],
    ['line', '{{> wrong}}', ['partials/wrong.hbs:2:5: no variable "prot"; did you mean "port"?']],
    [
      'line',
      '{{#each name}}{{/each}}',
      ['f.hbs:1:9: "name" is not a list; use {{#if}}, or declare it with "type: list"'],
    ],
    ['line', '{{#with name}}{{/with}}', ['f.hbs:1:4: template: no block "with"; known: "if", "unless", "each"']],
    ['line', '{{image}}', ['f.hbs:1:3: "image" is not a value; known: "name"']],
    ['line', '{{{name}}}', ['f.hbs:1:1: template: {{{…}}} is not supported; write {{…}}']],
    ['line', '{{eq name}}', ['f.hbs:1:1: template: "eq" takes 2 values, found 1']],
    ['line', 'a\n{{#if on}}\n{{/each}}', ["f.hbs:2:4: template: if doesn't match each"]],
    ['line', 'a\n{{#if on}}', ['f.hbs:2:11: template: it ends in the middle of a block or tag']],
    ['line', 'some\ntext and {{a b c', ['f.hbs:2:16: template: syntax error near "and {{a b c"']],
    [
      'line',
      '{{__proto__}}{{constructor}}',
      ['f.hbs:1:3: no variable "__proto__"', 'f.hbs:1:16: no variable "constructor"'],
    ],
    [
      'step',
      'a "{{name}}"',
      ['f.hbs:1:4: a value can not be quoted inside double quotes; assign it to a variable first, as in name={{…}}'],
    ],
    [
      'step',
      'a {{#if on}}"{{/if}}b"',
      ['f.hbs:1:3: a quote, bracket or escape is opened or closed in one branch of a block only'],
    ],
    ['step', 'a {{text name}}', ['f.hbs:1:3: "text" does not quote for this place; use "shell"']],
    ['step', 'a # b', ['f.hbs:1:1: a step has no shell comments; write a YAML comment above the step']],
    ['step', 'a <<E', ['f.hbs:1:1: a step has no here-documents; put the text into a file of the snippet']],
    ['step', 'a "b', ['f.hbs:1:1: the step is not complete: double quotes not closed']],
    ['step', 'a &', ['f.hbs:1:1: the step is not complete: "&" at the end']],
    [
      'shell',
      '# {{name}}\n',
      ['f.hbs:1:3: a value can not be quoted inside a comment; assign it to a variable first, as in name={{…}}'],
    ],
    ['json', '{"a": "{{name}}"}', ['f.hbs:1:8: a value can not be quoted inside a JSON string; write it outside']],
  ])('%s: %j', (place, text, problems) => {
    const found = compile(place, text)
    expect(Array.isArray(found) ? found.map((line) => line.replace(/; known: "port".*/, '')) : found).toEqual(problems)
  })

  test('a step is one line unless it says so', () => {
    expect(compile('step', 'a\nb')).toEqual([
      expect.stringContaining('a step is one command line; end a line with "\\"'),
    ])
    expect(compile('step', "a 'x\\\ny'")).toEqual([expect.stringContaining('a step is one command line')])
  })

  test('all of them are found at once', () => {
    expect(compile('step', '{{a}} "{{name}}" {{> nope}}')).toHaveLength(3)
  })
})

const hostile = fc
  .oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom("'", '"', '\\', '$', '`', '\n', '{', '}', '(', ')', ';', '#', ' ', 'a') }),
  )
  .filter((text) => !text.includes('\0') && text.isWellFormed())

describe('values stay data', () => {
  /** The script that a builder hands to the shell for a RUN instruction, as moby reads it. */
  function scriptOf(instruction: string): string {
    const body = instruction.replaceAll(/\\[ \t]*\n/g, '').slice('RUN '.length)
    expect(body).not.toContain('\n')
    if (!body.startsWith('[')) return body
    const [shell, option, script] = JSON.parse(body)
    expect([shell, option]).toEqual(['/bin/sh', '-c'])
    return script
  }

  test('in a step, through the Dockerfile and the shell', () => {
    fc.assert(
      fc.property(hostile, fc.array(hostile, { maxLength: 3 }), (name, hosts) => {
        const template = compile('step', "printf '%s\\0' \\\n  {{name}} {{hosts}} x={{name}} || exit 1")
        if (Array.isArray(template)) throw new Error(template.join())
        const text = template.render({ ...DATA, name, hosts })
        const instruction = formatRun([
          { text: 'true', compound: false },
          { text, compound: template.compound },
        ])
        const { stdout, status } = spawnSync('/bin/sh', ['-c', scriptOf(instruction)], { encoding: 'utf8' })
        expect(status).toBe(0)
        expect(stdout).toBe([name, ...hosts, `x=${name}`].map((word) => `${word}\0`).join(''))
      }),
      { numRuns: 150 },
    )
  })

  test('in a script, whatever blocks are around them', () => {
    const quoting = [
      '"',
      "'",
      '`',
      '$(',
      ')',
      '#',
      '\\',
      '\\\n',
      '\n',
      ' ',
      'x',
      '<',
      ';',
      'ca',
      'se a in a) ',
      ';; esac ',
    ]
    const { script } = fc.letrec<{ script: string; block: string }>((tie) => ({
      block: fc.oneof(
        tie('script').map((body) => `{{#if on}}${body}{{/if}}`),
        fc.tuple(tie('script'), tie('script')).map(([one, other]) => `{{#if on}}${one}{{else}}${other}{{/if}}`),
        tie('script').map((body) => `{{#each hosts}}${body}{{/each}}`),
      ),
      script: fc
        .array(
          fc.oneof(
            { depthSize: 'small' },
            { weight: 5, arbitrary: fc.constantFrom(...quoting) },
            { weight: 2, arbitrary: fc.constantFrom('{{name}}', '{{../name}}') },
            { weight: 2, arbitrary: tie('block') },
          ),
          { minLength: 1, maxLength: 5 },
        )
        .map((parts) => parts.join('')),
    }))
    const name = `'\n"; printf pwned >&3; $(printf pwned >&3) \`printf pwned >&3\` }; #`
    const data = fc.record({ on: fc.boolean(), hosts: fc.constantFrom<string[]>([], ['a'], ['a', 'b']) })
    const ending = fc.constantFrom('', '"', "'", ')"')
    fc.assert(
      fc.property(script, data, ending, (text, { on, hosts }, after) => {
        const template = compile('shell', text)
        fc.pre(!Array.isArray(template) && text.includes('name}}'))
        const rendered = (template as Template).render({ ...DATA, name, on, hosts })
        const { output } = spawnSync('/bin/sh', ['-c', `${rendered}${after}`], {
          stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
          cwd: '/proc',
          encoding: 'utf8',
          timeout: 5000,
        })
        expect(output[3]).toBe('')
      }),
      { numRuns: 200 },
    )
  })

  test('in JSON', () => {
    fc.assert(
      fc.property(hostile, fc.array(hostile), (name, hosts) => {
        expect(JSON.parse(render('json', '{"a": {{name}}, "b": [{{name}}, {{hosts}}]}', { name, hosts }))).toEqual({
          a: name,
          b: [name, hosts],
        })
      }),
    )
  })

  test('on a line', () => {
    fc.assert(
      fc.property(hostile, (name) => {
        let rendered: string
        try {
          rendered = render('line', 'a {{name}} b', { name })
        } catch (error) {
          expect(error).toBeInstanceOf(RecipeError)
          return
        }
        expect(rendered).toBe(`a ${name} b`)
        expect(rendered.split(/[\n\r\u2028\u2029\u0085\v\f]/)).toHaveLength(1)
      }),
    )
  })
})
