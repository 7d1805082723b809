// A twin in a process of its own, with latency: what it does must not slow its clients down. `node twin-process.ts <folder> <ms>`
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { inspectFlist } from '../packages/cli/src/flist-inspection.ts'
import { chunkId } from '../packages/flist/src/index.ts'
import { Faults, startTwin } from '../packages/twin/src/index.ts'

const [folder = '', latency = '0'] = process.argv.slice(2)
const faults = new Faults()
faults.setLatency({ request: Number(latency) / 2, response: Number(latency) / 2 })
const twin = await startTwin({ root: join(folder, 'hub'), seed: randomBytes(32), inspectFlist, chunkId, faults })
const { gateway, backend } = twin
process.send?.({ url: twin.url, gateway, backend, token: twin.mintToken('bench.3bot') })
process.once('disconnect', () => void twin.close().then(() => process.exit(0)))
