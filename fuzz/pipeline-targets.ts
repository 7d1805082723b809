import { decodeMetadata, encodeMetadata } from '../packages/flist/src/format/metadata.ts'
import { readJson, summarize } from '../packages/hub/src/answers.ts'
import { explainFailure } from '../packages/hub/src/failures.ts'
import { readFlistInfo, readListing } from '../packages/hub/src/flist-info.ts'
import { mapConfig } from '../packages/pipeline/src/fidelity/config-fidelity.ts'
import { readFileCapabilities } from '../packages/pipeline/src/fidelity/file-capabilities.ts'
import { collectFindings } from '../packages/pipeline/src/fidelity/findings.ts'
import { imageMetadata } from '../packages/pipeline/src/image-metadata.ts'
import { startupToml } from '../packages/pipeline/src/startup-toml.ts'
import { parseImageConfig } from '../packages/registry/src/image-config.ts'
import { RegistryError } from '../packages/registry/src/registry-error.ts'
import type { Target } from './target.ts'

const CONFIG = {
  os: 'linux',
  architecture: 'arm64',
  variant: 'v8',
  config: {
    User: '1000:www',
    ExposedPorts: { '80/tcp': {}, '8000-8010/udp': {} },
    Env: ['PATH=/bin', 'EMPTY', '=x'],
    Entrypoint: ['/init', '--'],
    Cmd: ['a "b"'],
    Volumes: { '/data': {} },
    WorkingDir: '/srv',
    Labels: { 'org.opencontainers.image.description': 'text', a: 'b' },
    StopSignal: 'SIGTERM',
    Healthcheck: { Test: ['CMD', 'true'], Interval: 30_000_000_000 },
    Hostname: 'h',
  },
  rootfs: { type: 'layers', diff_ids: [] },
}

/** All that becomes of an image config. */
function useConfig(input: Buffer): void {
  const { config, otherConfigFields = [] } = parseImageConfig(input, 0, 'x')
  const origin = { digest: 'd', imageId: 'i', platform: 'p', converter: '1', treeHash: 't', contentHash: 'c' }
  decodeMetadata(new Map(encodeMetadata(imageMetadata(config, origin))), 'x')
  mapConfig(config, otherConfigFields, collectFindings())
  startupToml(config)
}

const INFO = { name: 'a.flist', size: 5, updated: 6, md5: '0'.repeat(32), type: 'symlink', target: '../b/c.flist' }
const LISTING = [{ name: 'a.flist', type: 'regular', updated: 6, size: '1.25 KB' }]

/** All that is read of an answer of a hub. */
function readAnswer(input: Buffer): void {
  for (const status of [200, 302, 401, 404, 500]) {
    const answer = { status, text: input.toString(), location: input.toString('latin1', 0, 20), attempts: 1 }
    explainFailure(answer)
    summarize(answer)
    readFlistInfo(readJson(answer))
    readListing(readJson(answer))
  }
}

export function pipelineTargets(): Target[] {
  const bytes = (...values: readonly unknown[]) => values.map((value) => Buffer.from(JSON.stringify(value)))
  const page = Buffer.from('<!doctype html><title>502 Bad Gateway</title><h1>no</h1>')
  return [
    { name: 'image-config', weight: 6, seeds: bytes(CONFIG), read: useConfig, refusal: RegistryError },
    {
      name: 'file-capabilities',
      weight: 4,
      seeds: ['010000020020000000200000000000000000000000', '0000000300200000000000000000000000000000e8030000'].map(
        (hex) => Buffer.from(hex, 'hex'),
      ),
      read: readFileCapabilities,
    },
    {
      name: 'hub-answer',
      weight: 4,
      seeds: [...bytes(INFO, LISTING, { status: 'error', message: 'user not found' }), page],
      read: readAnswer,
    },
  ]
}
