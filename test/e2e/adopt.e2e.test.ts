import { randomBytes } from 'node:crypto'
import { chmod, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { flist, runCommand } from '../harness/command.ts'
import { recipesWithBase, writeRecipes } from '../harness/recipe-folder.ts'
import { startRegistry, type TestRegistry } from '../harness/registry.ts'
import { pushTinyBase } from '../harness/tiny-base.ts'

/** What an adopted Dockerfile builds is what it built before. */
let registry: TestRegistry
let folder: string
let base: string
const run = `adopt-${randomBytes(4).toString('hex')}`
const built: string[] = []

beforeAll(async () => {
  registry = await startRegistry()
  folder = await mkdtemp(join(tmpdir(), 'flist-adopt-'))
  base = await pushTinyBase(registry.host, folder)
  await writeRecipes(folder, {
    ...recipesWithBase(base),
    'snippets/one/snippet.yaml': `description: One
files:
  - { target: /etc/one.conf, content: "one\\n" }
run:
  - echo made > /etc/made
environment: { ONE: "1" }
`,
  })
})
afterAll(async () => {
  await runCommand('docker', ['rmi', '--force', ...built, base])
  await rm(folder, { recursive: true, force: true })
  await registry[Symbol.asyncDispose]()
})

/** A build context with a Dockerfile of these lines; BASE stands for the base, which they start from where they do not say. */
async function original(name: string, lines: readonly string[]): Promise<string> {
  const context = join(folder, 'originals', name)
  await mkdir(join(context, 'app', 'deep'), { recursive: true })
  await writeFile(join(context, 'app', 'run.sh'), '#!/bin/sh\necho run\n')
  await chmod(join(context, 'app', 'run.sh'), 0o755)
  await writeFile(join(context, 'app', 'deep', 'a b'), 'space\n')
  await writeFile(join(context, 'one.conf'), 'one\n')
  await writeFile(join(context, 'two.conf'), 'two\n')
  const whole = lines.some((line) => line.startsWith('FROM ')) ? lines : ['FROM BASE', ...lines]
  await writeFile(join(context, 'Dockerfile'), `${whole.join('\n').replaceAll('BASE', base)}\n`)
  return context
}

/** Builds a context; what is in the image, and how it is started. */
async function build(name: string, context: string): Promise<{ tree: string; config: unknown }> {
  const tag = `${run}/${name}`
  const { code, stderr, stdout } = await runCommand('docker', ['build', '--quiet', '--tag', tag, context], {
    env: { DOCKER_BUILDKIT: '0' },
  })
  if (code !== 0) throw new Error(`${name}: ${stderr}${stdout}`)
  built.push(tag)
  const script = `set -e; cd "$(mktemp -d)"; id=$(docker create "$1" x); docker export "$id" | tar -x --numeric-owner
    docker rm "$id" > /dev/null; find . -printf '%p %y %m %U %G %l\\n' | sort; find . -type f -exec sha256sum {} + | sort; rm -rf "$PWD"`
  const tree = await runCommand('sh', ['-c', script, 'sh', tag])
  if (tree.code !== 0) throw new Error(tree.stderr)
  const [{ Config: config }] = JSON.parse((await runCommand('docker', ['inspect', tag])).stdout)
  const { Env, Cmd, Entrypoint, User, WorkingDir, ExposedPorts, Volumes } = config
  return { tree: tree.stdout, config: { Env, Cmd, Entrypoint, User, WorkingDir, ExposedPorts, Volumes } }
}

const DOCKERFILES: Readonly<Record<string, readonly string[]>> = {
  'only-a-command': ['CMD ["/bin/sh", "-c", "echo hi"]'],
  'whole-context': ['COPY app /srv/', 'ENTRYPOINT ["/srv/run.sh"]', 'CMD ["a"]'],
  'several-sources': ['COPY one.conf two.conf /etc/', 'EXPOSE 80 53/udp'],
  wildcard: ['COPY *.conf /etc/conf/'],
  'json-copy': ['COPY ["app/deep/a b", "/etc/a b"]'],
  'owner-and-user': ['COPY --chown=7:8 one.conf /etc/', 'USER 7:8', 'WORKDIR /work'],
  'shell-command': ['# started by a shell', 'CMD echo $HOME', 'ENTRYPOINT ["/bin/sh"]'],
  'order-matters': [
    'COPY one.conf /etc/x',
    'RUN echo more >> /etc/x',
    'COPY two.conf /etc/y',
    'RUN echo more >> /etc/y',
  ],
  environment: [
    'ENV A=1 B="two words"',
    'ENV C=$A-$B',
    'RUN echo "$C" > /etc/c',
    'VOLUME /data',
    'LABEL org.example.x=y',
  ],
  'two-stages': [
    '# builds it',
    'FROM BASE AS Build',
    'WORKDIR /src',
    'COPY app .',
    'RUN echo built > out',
    '# takes it',
    'FROM BASE',
    'COPY --from=build /src/out /usr/share/',
    'COPY --from=0 /src/deep /usr/share/deep',
  ],
  'built-on-a-stage': [
    'ARG WORD=first',
    'FROM BASE AS common',
    'ARG WORD',
    'RUN echo "$WORD" > /etc/word',
    'ENV WHERE=/srv',
    'FROM common AS tools',
    'RUN echo tool > "$WHERE.tool"',
    'FROM common',
    'COPY --from=tools /srv.tool $WHERE/tool',
    'CMD ["/bin/sh"]',
  ],
  'what-a-snippet-does': [
    '# of the first',
    'ENV ONE=1',
    'COPY one.conf /etc/',
    'RUN echo made > /etc/made',
    'EXPOSE 80',
    '# of the second',
    'COPY two.conf /etc/',
  ],
  'continued-lines': [
    'RUN echo a > /etc/a && \\',
    '    # in between',
    '    echo b > /etc/b',
    '',
    '# the end',
    'WORKDIR /srv',
    'ADD app .',
  ],
}

/** What is in the definition besides what is kept as it is. */
const KEYS: Readonly<Record<string, readonly string[]>> = {
  'whole-context': ['entrypoint', 'cmd'],
  'two-stages': ['stages'],
  'built-on-a-stage': ['stages', 'cmd'],
  'what-a-snippet-does': ['snippets', 'ports'],
}

test.each(Object.entries(DOCKERFILES))('%s builds the same tree', async (name, lines) => {
  const context = await original(name, lines)
  const adopted = await flist(['adopt', join(context, 'Dockerfile'), '--root', folder])
  expect({ code: adopted.code, stderr: adopted.stderr }).toEqual({ code: 0, stderr: '' })
  const written = await readFile(join(folder, 'recipes', 'images', name, 'image.yaml'), 'utf8')
  const started = lines.some((line) => line.startsWith('FROM ')) ? 0 : 1
  const instructions = lines.filter((line) => /^[A-Z]+ /.test(line)).length + started
  expect(adopted.stdout.match(/^ {2}line /gm)).toHaveLength(instructions)
  for (const key of KEYS[name] ?? []) expect(written).toMatch(new RegExp(`^${key}:`, 'm'))
  for (const comment of lines.filter((line) => /^\s*#/.test(line))) expect(written).toContain(comment.trim())
  expect((await flist(['render', name, '--root', folder])).code).toBe(0)
  expect(await build(`${name}-adopted`, join(folder, 'dockerfiles', name))).toEqual(await build(name, context))
})

test('links of the context are refused, and nothing is half adopted', async () => {
  const context = await original('linked', ['COPY app /srv/'])
  await symlink('one.conf', join(context, 'link'))
  const { code, stderr } = await flist(['adopt', join(context, 'Dockerfile'), '--root', folder])
  expect(code).toBe(2)
  expect(stderr).toContain('link can not be taken over')
  expect((await runCommand('ls', [join(folder, 'recipes', 'images')])).stdout).not.toContain('linked')
})
