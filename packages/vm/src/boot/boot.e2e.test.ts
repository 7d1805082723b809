import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { join, relative } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { debianKernel } from '../../test/debian-kernels.ts'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { type Files, file, folder, link, program, tree } from '../../test/trees.ts'
import { writeTree } from '../../test/written-tree.ts'
import { writeCpio } from '../initrd/cpio.ts'
import { chooseAccelerator } from './accelerator.ts'
import { type BootOptions, bootDirectory } from './boot.ts'
import { createBootFolder } from './boot-folder.ts'
import { buildContainerInitrd } from './container-initrd.ts'
import { cloudKernelPackage } from './distribution-kernel.ts'
import { startMachine } from './machine.ts'
import { judge, observeMachine } from './verdict.ts'

let temporary: Awaited<ReturnType<typeof temporaryFolder>>
beforeAll(async () => {
  temporary = await temporaryFolder()
})
afterAll(() => temporary[Symbol.asyncDispose]())

const containerKernel = () => debianKernel(cloudKernelPackage)

const script = `#!/bin/sh
echo "pid $$, args $#: $1/$2, A=$A, host $(/bin/busybox hostname), key \${SSH_KEY%% *}"
/bin/busybox ip route
/bin/busybox cat /etc/resolv.conf
echo x > /written && echo written
echo done
exec /bin/busybox sleep 1000
`

async function container(): Promise<Files> {
  return {
    ...Object.fromEntries(['dev', 'proc', 'sys', 'run', 'tmp', 'etc'].map((name) => [name, folder()])),
    'bin/busybox': program(await readFile('/bin/busybox')),
    'bin/sh': link('busybox'),
    'start.sh': program(script),
  }
}

/** Writes a tree and starts it, in a folder of its own. */
async function boot(files: Files, options: Partial<BootOptions> = {}) {
  const place = await mkdtemp(join(temporary.path, 'boot-'))
  const root = join(place, 'root')
  await writeTree(tree(files), root)
  // As a user writes it.
  const report = await bootDirectory(relative(process.cwd(), root), {
    containerKernel,
    temporary: place,
    ...options,
  })
  expect(await readdir(place)).toEqual(['root'])
  return { report, root, text: report.console.map(({ text }) => text) }
}

test('a container starts as on a node, and its directory stays as it is', async () => {
  const entrypoint = ['/start.sh', 'one two', "it's"]
  const { report, root, text } = await boot(await container(), {
    entrypoint,
    environment: { A: 'b c' },
    expect: 'done',
  })
  expect(report).toMatchObject({ mode: 'container', outcome: 'ready', reason: undefined })
  expect(report.stages.map(({ stage }) => stage)).toEqual(['kernel', 'initrd', 'entrypoint'])
  expect(text).toContain("pid 1, args 2: one two/it's, A=b c, host zmachine, key ssh-ed25519")
  expect(text).toContain('default via 10.0.2.2 dev eth0 ')
  expect(text).toContain('nameserver 10.0.2.3')
  expect(text).toContain('written')
  expect(await readdir(root)).not.toContain('written')
})

test('an entrypoint that ends is told', async () => {
  const files = { ...(await container()), 'start.sh': program('#!/bin/sh\necho bye\n') }
  const { report } = await boot(files, { entrypoint: ['/start.sh'] })
  expect(report).toMatchObject({
    outcome: 'failed',
    reason: expect.stringMatching(/^the entrypoint ended; last on the console: "/),
  })
})

test('an entrypoint behind an absolute link is told', async () => {
  const { report } = await boot({ ...(await container()), 'sbin/init': link('/start.sh') })
  expect(report.reason).toMatch(/^the entrypoint is not there, not executable, or behind an absolute link; /)
})

/** A tree with the distribution's kernel as its own. */
async function machine(kernel: Uint8Array, initrd?: Uint8Array): Promise<Files> {
  return {
    ...(await container()),
    'boot/vmlinuz': file(kernel),
    ...(initrd ? { 'boot/initrd.img': file(initrd) } : {}),
  }
}

test('a kernel without the PVH note is told', async () => {
  const kernel = await readFile((await containerKernel()).vmlinux)
  const note = kernel.indexOf(Buffer.from('040000000400000012000000' + '58656e00', 'hex'))
  kernel.writeUInt32LE(17, kernel.indexOf(Buffer.from('12000000' + '58656e00', 'hex'), Math.max(note, 0)))
  const { report } = await boot(await machine(kernel))
  expect(report.reason).toMatch(/^the kernel has no PVH note; /)
})

test('garbage for a kernel hangs, and the limit ends it', async () => {
  const kernel = await readFile((await containerKernel()).vmlinux)
  // Where the PVH entry leads to: an endless loop.
  kernel.fill(Buffer.from('ebfe', 'hex'), 0x200000, 0x210000)
  const { report } = await boot(await machine(kernel), { timeout: 5_000 })
  expect(report).toMatchObject({
    outcome: 'timeout',
    reason: expect.stringMatching(/^no login in \d+ s, it got as far as nothing; /),
  })
})

test('a KVM that is there and does not work is not used', async () => {
  const modules = ['/sys/module']
  const chosen = await chooseAccelerator('/nonexistent/kernel', undefined, { device: '/dev/null', modules })
  expect(chosen).toEqual({ name: 'tcg', reason: 'a kernel does not start with KVM in 5 seconds' })
})

test('a port for SSH that another program took meanwhile is told', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  await using place = await temporaryFolder()
  const { vmlinux } = await containerKernel()
  const { port: sshPort } = server.address() as AddressInfo
  const observed = observeMachine()
  const machine = await startMachine({
    boot: { kind: 'kernel', kernel: vmlinux, initrd: undefined, append: undefined, root: temporary.path },
    ...{ place: place.path, seedDisk: '/dev/zero', accelerator: 'tcg', memory: 256, cpus: 1 },
    ...{ macAddress: '52:54:00:12:34:56', sshPort, onConsole: observed.write },
  })
  const access = { port: sshPort, keyFile: '/nonexistent' }
  const limit = AbortSignal.timeout(30_000)
  const { outcome, reason } = await judge({ machine, observed, access, limit, mode: 'vm', expectations: {} })
  expect(outcome).toBe('failed')
  expect(reason).toMatch(
    /^another program took the port for SSH meanwhile; start it again; last said: qemu.*host forwarding/,
  )
  await machine.stop()
  server.close()
})

// What these three take is waiting, for a limit of theirs or the kernel's own.
test.concurrent('text that does not come is waited for, and what was seen last is told', async () => {
  const options = { entrypoint: ['/start.sh'], expect: 'never', timeout: 40_000 }
  const { report } = await boot(await container(), options)
  expect(report.outcome).toBe('timeout')
  expect(report.reason).toMatch(/^no text "never" in \d+ s, it got as far as entrypoint; last on the console: "done"$/)
})

test.concurrent('a machine without an initial RAM disk is told', async () => {
  const { vmlinux } = await containerKernel()
  const { report } = await boot(await machine(await readFile(vmlinux)))
  expect(report).toMatchObject({ mode: 'vm', outcome: 'failed' })
  expect(report.reason).toMatch(/^the kernel has no initial RAM disk that mounts virtiofs; /)
})

test.concurrent('an initial RAM disk that hangs is told with what it said last', async () => {
  const init =
    '#!/bin/busybox sh\necho Loading, please wait...\necho waiting for a disk\nexec /bin/busybox sleep 1000\n'
  const entry = (name: string, mode: number, content: Uint8Array) => ({ name, mode, content })
  const initrd = writeCpio([
    ...['bin', 'dev'].map((name) => entry(name, 0o040755, new Uint8Array())),
    { ...entry('dev/console', 0o020600, new Uint8Array()), device: [5, 1] as const },
    entry('bin/busybox', 0o100755, await readFile('/bin/busybox')),
    entry('init', 0o100755, Buffer.from(init)),
  ])
  const { vmlinux } = await containerKernel()
  const { report } = await boot(await machine(await readFile(vmlinux), initrd), { timeout: 40_000 })
  expect(report).toMatchObject({
    mode: 'vm',
    outcome: 'timeout',
    reason: 'no login in 40 s, it got as far as initrd; last on the console: "waiting for a disk"',
  })
})

test('a machine of its own kernel stops where its init does', async () => {
  const { vmlinux, modules } = await containerKernel()
  const initrd = await buildContainerInitrd(modules, '/bin/busybox')
  const { report, text } = await boot(await machine(await readFile(vmlinux), initrd))
  expect(report).toMatchObject({ mode: 'vm', outcome: 'failed' })
  expect(text).toContain('Root device mounted successfully, but /sbin/init does not exist. Bailing out')
})

test('cancelling leaves nothing', async () => {
  const signal = AbortSignal.timeout(3_000)
  await expect(boot(await container(), { entrypoint: ['/start.sh'], expect: 'never', signal })).rejects.toMatchObject({
    code: 'cancelled',
  })
  expect(machinesIn(temporary.path)).toBe('')
  const left = await readdir(temporary.path, { recursive: true })
  expect(left.filter((path) => path.includes('flist-boot-'))).toEqual([])
})

/** Processes that have a path on their command line. */
function machinesIn(path: string): string {
  return execFileSync(
    'sh',
    ['-c', 'ps -eo pid,args | grep -F "$1" | grep -E "qemu|virtiofsd" | grep -v grep || true', 'sh', path],
    {
      encoding: 'utf8',
    },
  )
}

test('kill -9 ends the machine and its mounts; the next one removes the files', async () => {
  const root = join(temporary.path, 'killed')
  await writeTree(tree(await container()), root)
  const kernel = await containerKernel()
  const code = `
    import { bootDirectory } from ${JSON.stringify(join(import.meta.dirname, 'boot.ts'))}
    await bootDirectory(${JSON.stringify(root)}, {
      entrypoint: ['/start.sh'], expect: 'never', temporary: ${JSON.stringify(temporary.path)},
      containerKernel: async () => (${JSON.stringify(kernel)}), onLine: ({ text }) => console.log(text),
    })`
  const child = spawn(process.execPath, ['--input-type=module', '--eval', code], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let seen = ''
  child.stdout.on('data', (bytes) => {
    seen += String(bytes)
  })
  await expect.poll(() => seen, { timeout: 60_000 }).toContain('Linux version')
  expect(machinesIn(temporary.path)).toContain('qemu')
  child.kill('SIGKILL')
  await once(child, 'close')
  await expect.poll(() => machinesIn(temporary.path), { timeout: 10_000 }).toBe('')
  expect(await readFile('/proc/self/mounts', 'utf8')).not.toContain(temporary.path)
  const left = (await readdir(temporary.path)).filter((name) => name.startsWith('flist-boot-'))
  expect(left).toHaveLength(1)
  await createBootFolder(temporary.path)
  expect(await readdir(temporary.path)).not.toContain(left[0])
})
