import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { temporaryFolder } from '../../test/temporary-folder.ts'
import { seedFiles, writeSeedDisk } from './seed-disk.ts'

const seed = {
  instance: 'one',
  hostname: 'zmachine',
  macAddress: '52:54:00:12:34:56',
  address: '10.0.2.15/24',
  gateway: '10.0.2.2',
  nameservers: ['10.0.2.3', '2001:4860:4860::8888'],
  sshKeys: ['ssh-ed25519 AAAA a', 'ssh-rsa BBBB b'],
  environment: { A: "it's", B: 'x\ny', 'not-a-name': '1' },
  entrypoint: ['/start.sh', 'two words', "it's", ''],
}

test('cloud-init reads what zos writes', () => {
  const files = seedFiles(seed)
  expect(files['meta-data']?.split('\n')[0]).toBe('#cloud-config')
  expect(parse(files['meta-data'] ?? '')).toEqual({ 'instance-id': 'one', 'local-hostname': 'zmachine' })
  // In YAML 1.1, which cloud-init reads, a MAC address without quotes is a number of base 60.
  const network = parse(files['network-config'] ?? '', { version: '1.1' })
  expect(network.ethernets.eth0).toEqual({
    match: { macaddress: '52:54:00:12:34:56' },
    dhcp4: false,
    addresses: ['10.0.2.15/24'],
    gateway4: '10.0.2.2',
    nameservers: { addresses: seed.nameservers },
  })
  expect(parse(files['user-data'] ?? '').users).toEqual([{ name: 'root', ssh_authorized_keys: seed.sshKeys }])
})

test('a shell that sources zosrc has the environment and the command', () => {
  const script = `${seedFiles(seed).zosrc}\nfor word in "$A" "$B" "$SSH_KEY" "$init" "$@"; do printf '<%s>' "$word"; done`
  const output = execFileSync('sh', ['-eu', '-c', script, 'sh', 'old'], { encoding: 'utf8' })
  expect(output).toBe("<it's><x\ny><ssh-ed25519 AAAA a\nssh-rsa BBBB b></start.sh><two words><it's><>")
})

test('without a command the one of the initial RAM disk stays', () => {
  expect(seedFiles({ ...seed, entrypoint: [], environment: {}, sshKeys: [] }).zosrc).toBe('\n')
})

test('the disk is FAT with the label cidata and the four files', async () => {
  await using folder = await temporaryFolder()
  const disk = await writeSeedDisk(folder.path, seed)
  const run = (...command: string[]) => execFileSync(command[0] ?? '', command.slice(1), { encoding: 'utf8' })
  expect(run('mlabel', '-s', '-i', disk)).toContain('cidata')
  expect(run('mdir', '-b', '-i', disk).split('\n').filter(Boolean)).toEqual([
    '::/meta-data',
    '::/network-config',
    '::/user-data',
    '::/zosrc',
  ])
  expect(run('mtype', '-i', disk, '::zosrc')).toBe(seedFiles(seed).zosrc)
})
