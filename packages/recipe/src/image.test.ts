import { describe, expect, test } from 'vitest'
import { problemsOf } from './recipe-fixture.ts'

const SITE = 'recipes/images/site/image.yaml'

/** site/image.yaml with these lines after its description and base. */
const site = (lines: string) => ({ [SITE]: `description: A site\nbase: { image: base }\n${lines}` })
const options = (options: string) => site(`snippets:\n  - web: ${options}\n`)

describe('what can be wrong with an image', () => {
  test.each<[string, Record<string, string>, string[]]>([
    ['unknown snippet', site('snippets: [wbe]\n'), [`${SITE}:3:12: no snippet "wbe"; did you mean "web"?`]],
    [
      'unknown option',
      options('{ prot: 1 }'),
      [`${SITE}:4:18: snippet "web" has no option "prot"; did you mean "port"?`],
    ],
    [
      'option of the wrong type',
      options('{ port: "80" }'),
      [`${SITE}:4:18: option "port" of "web" is a text, expected a number`],
    ],
    [
      'text that is a number',
      options('{ greeting: 5 }'),
      [`${SITE}:4:22: option "greeting" of "web" is a number, expected a text; put it in quotes: "5"`],
    ],
    [
      'number out of range',
      options('{ port: 70000 }'),
      [`${SITE}:4:18: option "port" of "web" is 70000, expected at most 65535`],
    ],
    [
      'number that is not whole',
      options('{ port: 1.5 }'),
      [`${SITE}:4:18: option "port" of "web" is 1.5, expected a whole number`],
    ],
    [
      'value that is none',
      options('{ level: inof }'),
      [`${SITE}:4:19: option "level" of "web" is "inof", which is none of its values; did you mean "info"?`],
    ],
    [
      'list that is none',
      options('{ hosts: a }'),
      [`${SITE}:4:19: option "hosts" of "web" is a text, expected a list`],
    ],
    [
      'list of the wrong things',
      options('{ hosts: [a, 1] }'),
      [`${SITE}:4:19: option "hosts" of "web" has an item 2 that is a number, expected a text; put it in quotes: "1"`],
    ],
    [
      'NUL in a value',
      options('{ greeting: "a\\0" }'),
      [`${SITE}:4:22: option "greeting" of "web" holds a NUL character`],
    ],
    ['unknown key', site('enviroment: {}\n'), [`${SITE}:3:1: unknown key "enviroment"; did you mean "environment"?`]],
    [
      'unknown key inside',
      { [SITE]: 'description: x\nbase: { imge: base }\n' },
      [`${SITE}:2:7: "image" is missing`, `${SITE}:2:9: unknown key "imge"; did you mean "image"?`],
    ],
    [
      'no base',
      { [SITE]: 'description: x\n' },
      [`${SITE}:1:14: image "site" has no base; add "base: …", or "extends: …" with an image that has one`],
    ],
    [
      'unknown base',
      { [SITE]: 'description: x\nbase: debian:13\n' },
      [`${SITE}:2:7: no base "debian:13" in recipes/recipes.yaml; did you mean "debian:12"?`],
    ],
    [
      'image as a base',
      { [SITE]: 'description: x\nbase: base\n' },
      [`${SITE}:2:7: no base "base" in recipes/recipes.yaml; write "base: { image: base }" for the image`],
    ],
    [
      'unknown image as a base',
      { [SITE]: 'description: x\nbase: { image: bsae }\n' },
      [`${SITE}:2:16: no image "bsae"; did you mean "base"?`],
    ],
    [
      'two snippets in one item',
      site('snippets:\n  - web: {}\n    runit: {}\n'),
      [`${SITE}:4:5: "snippets.0" names one snippet: start a new list item for the next`],
    ],
    [
      'snippet listed twice',
      site('snippets: [web, web]\n'),
      [`${SITE}:3:17: snippet "web" is listed twice; keep one of the two`],
    ],
    [
      'snippet the base has',
      site('snippets: [runit]\n'),
      [`${SITE}:3:12: snippet "runit" is already in "base", which this image is built on`],
    ],
    [
      'supervisor the base has',
      site('supervisor: runit\n'),
      [`${SITE}:3:13: image "site" has the supervisor of "base"; remove this line`],
    ],
    [
      'services and no supervisor',
      { [SITE]: 'description: x\nbase: debian:12\nsnippets: [web]\n' },
      [
        `${SITE}:3:12: snippet "web" has services, but nothing in image "site" starts them; add "supervisor: runit" to the image`,
      ],
    ],
    [
      'number as a variable',
      site('environment: { PORT: 80 }\n'),
      [`${SITE}:3:22: "environment.PORT" is a number, expected a text; put it in quotes: "80"`],
    ],
    [
      'line break in a variable',
      site('environment: { A: "b\\nc" }\n'),
      [
        `${SITE}:3:19: variable "A" has a line break or control character, which a Dockerfile can not hold; put it into a file`,
      ],
    ],
    [
      'bad variable name',
      site('environment: { A-B: x }\n'),
      [`${SITE}:3:16: "A-B" is no variable name: letters, digits and "_", not starting with a digit`],
    ],
    [
      'entrypoint without a path',
      site('entrypoint: [init]\n'),
      [`${SITE}:3:13: "entrypoint" starts with the absolute path of a program`],
    ],
    [
      'bad port',
      site('ports: [0, 80/sctp]\n'),
      [
        `${SITE}:3:9: "ports.0" is no port: a number from 1 to 65535, or one with "/tcp" or "/udp"`,
        `${SITE}:3:12: "ports.1" is no port: a number from 1 to 65535, or one with "/tcp" or "/udp"`,
      ],
    ],
    [
      'relative target',
      site('files:\n  - { target: etc/x, content: "" }\n'),
      [
        `${SITE}:4:15: "files.0.target" is no target: an absolute path of letters, digits and ._+@%,:=~- without "..", "." or "//"`,
      ],
    ],
    [
      'target that climbs',
      site('files:\n  - { target: /etc/../x, content: "" }\n'),
      [expect.stringContaining(`${SITE}:4:15: "files.0.target" is no target`)],
    ],
    [
      'source that climbs',
      site('files:\n  - { target: /x, source: ../../x }\n'),
      [expect.stringContaining(`${SITE}:4:27: "files.0.source" is no file of this folder`)],
    ],
    [
      'missing file',
      site('files:\n  - { target: /x, source: x.txt }\n'),
      [`${SITE}:4:27: no file "recipes/images/site/x.txt"; add it, or correct the path`],
    ],
    [
      'file without content',
      site('files:\n  - { target: /x }\n'),
      [`${SITE}:4:5: "files.0" needs either "source" or "content"`],
    ],
    [
      'mode that is a number',
      site('files:\n  - { target: /x, content: "", mode: 0644 }\n'),
      [`${SITE}:4:38: "files.0.mode" is a number, expected a text; put it in quotes: "644"`],
    ],
    [
      'file listed twice',
      site('files:\n  - { target: /x, content: "" }\n  - { target: /x, content: "" }\n'),
      [`${SITE}:5:15: "/x" is listed twice; keep one of the two`],
    ],
    [
      'file and folder',
      site('files:\n  - { target: /x, content: "" }\n  - { target: /x/y, content: "" }\n'),
      [`${SITE}:4:15: "/x" is a file here, and a folder for "/x/y"`],
    ],
    [
      'YAML error',
      { [SITE]: 'description: x\n\tbase: y\n' },
      [expect.stringMatching(/^recipes\/images\/site\/image\.yaml:2:1: YAML: /)],
    ],
    [
      'bad folder name',
      { 'recipes/images/Bad_/image.yaml': 'description: x\nbase: debian:12\n' },
      [
        'recipes/images/Bad_/image.yaml:1:1: "Bad_" is no name: lower-case letters and digits, with single ".", "_" or "-" between them; rename the folder',
      ],
    ],
    [
      'folder without a definition',
      { 'recipes/images/empty/notes.txt': '' },
      ['recipes/images/empty/image.yaml:1:1: the file is missing; write it, or remove the folder'],
    ],
  ])('%s', async (_, changes, problems) => {
    expect(await problemsOf(changes)).toEqual(problems)
  })

  test('built on each other', async () => {
    const image = (base: string) => `description: x\nbase: { image: ${base} }\n`
    const changes = { 'recipes/images/a/image.yaml': image('b'), 'recipes/images/b/image.yaml': image('a') }
    expect(await problemsOf(changes)).toEqual([
      'recipes/images/a/image.yaml:2:16: image "a" is built on itself: a → b → a',
    ])
  })
})
