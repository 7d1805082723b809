import { spawnSync } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test } from 'vitest'
import { parse } from 'yaml'
import { problemsOf, project } from './recipe-fixture.ts'
import { loadRecipes } from './recipes.ts'
import { type RenderedImage, renderImage } from './render.ts'
import { quoteArgument } from './shell.ts'
import { quoteSystemd } from './systemd-units.ts'
import { quoteYaml } from './zinit.ts'

const SITE = 'recipes/images/site/image.yaml'

const projectWith = (supervisor: string) => ({
  [`recipes/snippets/${supervisor}/snippet.yaml`]: 'description: A supervisor\n',
  'recipes/images/base/image.yaml': `description: x\nbase: debian:12\nsupervisor: ${supervisor}\nsnippets: [db]\n`,
  'recipes/snippets/db/snippet.yaml': `description: A database
options: { folder: { type: string, default: /data } }
services:
  - { name: db-prepare, type: oneshot, exec: [/bin/prepare, "{{folder}}"], environment: [DB_KEY, DB_USER] }
  - { name: db, type: longrun, exec: [/bin/db, "{{folder}}"], after: [db-prepare], replaces: [database.service] }
`,
  'recipes/snippets/app/snippet.yaml': `description: An application
services:
  - { name: migrate, type: oneshot, exec: [/bin/migrate] }
  - { name: app, type: longrun, exec: [/bin/app], after: [db, migrate] }
`,
  [SITE]: 'description: x\nbase: { image: base }\nsnippets: [app]\n',
})

async function render(supervisor: string, name: string): Promise<RenderedImage> {
  return renderImage(await loadRecipes(await project(projectWith(supervisor))), name)
}

const textOf = (image: RenderedImage, path: string) => image.files.get(path)?.content.toString()

describe('zinit', () => {
  test('starts the services of an image from its own files', async () => {
    const image = await render('zinit', 'base')
    expect(textOf(image, 'snippets/db/etc/zinit/db-prepare.yaml')).toBe(
      'exec: "/bin/prepare /data"\noneshot: true\nlog: stdout\n',
    )
    expect(textOf(image, 'snippets/db/etc/zinit/db.yaml')).toBe(
      'exec: "/bin/db /data"\nlog: stdout\nafter:\n  - "oneshots"\n',
    )
    expect(textOf(image, 'files/etc/zinit/oneshots.yaml')).toBe(
      'exec: "/bin/true"\noneshot: true\nlog: stdout\nafter:\n  - "db-prepare"\n',
    )
    expect(textOf(image, 'Dockerfile')).toContain('ENTRYPOINT ["/sbin/zinit", "init"]\n')
  })

  test('services of the image below wait for the one-shots above', async () => {
    const image = await render('zinit', 'site')
    expect(parse(textOf(image, 'files/etc/zinit/oneshots.yaml') ?? '').after).toEqual(['db-prepare', 'migrate'])
    expect(parse(textOf(image, 'snippets/app/etc/zinit/migrate.yaml') ?? '').after).toEqual(['db-prepare'])
    expect(parse(textOf(image, 'snippets/app/etc/zinit/app.yaml') ?? '').after).toEqual(['oneshots', 'db'])
  })
})

describe('systemd', () => {
  test('starts the services of an image from its own units', async () => {
    const image = await render('systemd', 'base')
    const folder = 'snippets/db/etc/systemd/system'
    expect(textOf(image, `${folder}/tf-db-prepare.service`)).toBe(`[Unit]
Description=db-prepare
Wants=tf-deployment.service
After=tf-deployment.service
Before=tf-oneshots.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/local/libexec/tf-output /bin/prepare /data
EnvironmentFile=-/run/tf-deployment.env
StandardOutput=journal+console
StandardError=journal+console

[Install]
WantedBy=tf-oneshots.target multi-user.target
`)
    expect(textOf(image, `${folder}/tf-db.service`)).toBe(`[Unit]
Description=db
Wants=tf-deployment.service tf-oneshots.target
After=tf-deployment.service tf-oneshots.target

[Service]
ExecStart=/usr/local/libexec/tf-output /bin/db /data
EnvironmentFile=-/run/tf-deployment.env
StandardOutput=journal+console
StandardError=journal+console
Restart=always
RestartSec=1

[Install]
WantedBy=multi-user.target
`)
    const text = textOf(image, 'Dockerfile')
    expect(text).toContain(
      'RUN systemctl mask database.service \\\n && systemctl enable tf-db-prepare.service tf-db.service\n',
    )
    expect(text).toContain('STOPSIGNAL SIGRTMIN+3\nENTRYPOINT ["/sbin/init"]\n')
  })

  test('the variables of the container are put into the file that services read, whatever is in them', async () => {
    const script = textOf(await render('systemd', 'base'), 'files/usr/local/libexec/tf-deployment') ?? ''
    const folder = await mkdtemp(join(tmpdir(), 'environment-'))
    onTestFinished(() => rm(folder, { recursive: true, force: true }))
    const [from, to] = [join(folder, 'environ'), join(folder, 'env')]
    await writeFile(from, 'A="a" \\ $b `c`\0B_1=two\nlines\0PWD=/\0C=\0')
    const local = script.replace('/proc/1/environ', from).replace('/run/tf-deployment.env', to)
    expect(spawnSync('sh', ['-c', local]).stderr.toString()).toBe('')
    expect(await readFile(to, 'utf8')).toBe('A="\\"a\\" \\\\ \\$b \\`c\\`"\nB_1="two\nlines"\nC=""\n')
    expect((await stat(to)).mode & 0o777).toBe(0o600)
  })

  test('one-shots go one after the other, across images', async () => {
    const image = await render('systemd', 'site')
    const folder = 'snippets/app/etc/systemd/system'
    expect(textOf(image, `${folder}/tf-migrate.service`)).toContain(
      'After=tf-deployment.service tf-db-prepare.service\nBefore=tf-oneshots.target\n',
    )
    expect(textOf(image, `${folder}/tf-app.service`)).toContain(
      'After=tf-deployment.service tf-oneshots.target tf-db.service\n',
    )
  })
})

test('a supervisor there is none of', async () => {
  expect(
    await problemsOf({ 'recipes/images/base/image.yaml': 'description: x\nbase: debian:12\nsupervisor: sysv\n' }),
  ).toEqual(['recipes/images/base/image.yaml:3:13: "supervisor" is "sysv"; known: "runit", "systemd", "zinit"'])
})

/** Any text but what no place can hold. */
const words = fc.array(
  fc.string({ unit: 'binary' }).filter((text) => !text.includes('\0') && text.isWellFormed()),
  { minLength: 1 },
)

/** The words of a line as the crate shlex splits them: quoting of POSIX shells, nothing expanded. */
function splitShell(line: string): string[] {
  const found: string[] = []
  let word: string | undefined
  for (let index = 0; index < line.length; index++) {
    const character = line[index] ?? ''
    if (character === ' ') {
      if (word !== undefined) found.push(word)
      word = undefined
    } else if (character === "'") {
      const end = line.indexOf("'", index + 1)
      word = (word ?? '') + line.slice(index + 1, end)
      index = end
    } else if (character === '\\') word = (word ?? '') + (line[++index] ?? '')
    else word = (word ?? '') + character
  }
  return word === undefined ? found : [...found, word]
}

/** The words of ExecStart as systemd reads them: quotes, escapes of C, `%%` and `$$`; anything it would expand throws. */
function splitSystemd(line: string): string[] {
  expect(line).not.toMatch(/[\n\r]/)
  const found: string[] = []
  for (let rest = line; rest !== ''; ) {
    const [match, quoted, plain] = /^(?:"((?:[^"\\]|\\.)*)"|([^\s"\\;]+))(?: |$)/su.exec(rest) ?? []
    if (match === undefined) throw new Error(`can not be read: ${rest}`)
    const text = (quoted ?? plain ?? '').replaceAll(/\\x([0-9a-f]{2})|\\(["\\])/g, (_, code, character) =>
      code === undefined ? character : String.fromCharCode(Number.parseInt(code, 16)),
    )
    const unescaped = text.replaceAll(/%(.?)|\$(.?)/gsu, (found, percent, dollar) => {
      if ((percent ?? '') !== '%' && (dollar ?? '') !== '$') throw new Error(`would be expanded: ${found}`)
      return found.slice(1)
    })
    found.push(unescaped)
    rest = rest.slice(match.length)
  }
  return found
}

describe('the words of a service arrive as they are', () => {
  test.each(['1.1', '1.2'] as const)('with zinit, through YAML %s and its splitting', (version) => {
    fc.assert(
      fc.property(words, (exec) => {
        const line = parse(`exec: ${quoteYaml(exec.map(quoteArgument).join(' '))}\n`, { version }).exec
        expect(splitShell(line)).toEqual(exec)
      }),
    )
  })

  test('with systemd', () => {
    fc.assert(
      fc.property(words, (exec) => {
        expect(splitSystemd(exec.map(quoteSystemd).join(' '))).toEqual(exec)
      }),
    )
  })

  test.each([
    ['plain', 'plain'],
    ['', '""'],
    [';', '";"'],
    ['100%', '100%%'],
    ['$HOME', '$$HOME'],
    ['a b"c\\', '"a b\\"c\\\\"'],
    ['a\nExecStart=/bin/evil', '"a\\x0aExecStart=/bin/evil"'],
  ])('systemd: %j', (word, quoted) => {
    expect(quoteSystemd(word)).toBe(quoted)
  })

  test.each([
    ['a: b # c', '"a: b # c"'],
    ['a\nexec: evil', '"a\\nexec: evil"'],
    ['\u0085\u2028', '"\\u0085\\u2028"'],
  ])('zinit: %j', (text, quoted) => {
    expect(quoteYaml(text)).toBe(quoted)
  })
})
