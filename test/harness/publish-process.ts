// A publisher in a process of its own, to be killed: `node publish-process.ts <flist> <chunks> <name> <links>`, settings in JSON on
// stdin. It says "ready" once everything is loaded, and starts when the settings come.
import { openChunkStore } from '../../packages/flist/src/index.ts'
import { type HubSettings, PhaseRunner } from '../../packages/pipeline/src/index.ts'
import { publishFlist } from '../../packages/pipeline/src/publishing/index.ts'

const [flist = '', store = '', name = '', links = ''] = process.argv.slice(2)
// What the first connection would load.
await import('../../packages/flist/src/stores/zdb-store.ts')
process.stdout.write('ready\n')
const pieces: Buffer[] = []
for await (const bytes of process.stdin) pieces.push(bytes)
const settings: HubSettings = JSON.parse(Buffer.concat(pieces).toString())
const chunks = await openChunkStore(store)
const phases = new PhaseRunner(name, () => {})
const { outcome } = await publishFlist({ flist, chunks, name, links: links.split(',') }, settings, phases)
await chunks.close()
process.stdout.write(`${outcome}\n`)
