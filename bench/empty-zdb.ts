import { quoteShell } from '../packages/recipe/src/shell.ts'
import { freePort } from '../test/harness/free-port.ts'

/** A 0-db for zflist: what begins it anew, without a chunk, what zflist is told, and what ends it. Commands of a shell. */
export type EmptyZdb = {
  readonly begin: string
  readonly backend: string
  readonly end: string
  readonly port: number
}

/** Where it is, from the directory of a run: it is there until the next one begins. */
const PLACE = '../zdb'

const WAIT = `const net = require('node:net')
const deadline = Date.now() + 10_000
const connect = () => net.connect(Number(process.argv[1]), '127.0.0.1', () => process.exit(0)).on('error', again)
const again = (error) => { if (Date.now() > deadline) throw error; setTimeout(connect, 20) }
connect()`

/** zflist sends only what a 0-db does not have: one that knows the image of the last run would save it that. */
export async function emptyZdb(): Promise<EmptyZdb> {
  const port = await freePort()
  const end = `if [ -f ${PLACE}/pid ]; then kill "$(cat ${PLACE}/pid)"; while kill -0 "$(cat ${PLACE}/pid)"; do sleep 0.02; done; fi 2> /dev/null`
  const zdb = `zdb --data ${PLACE}/data --index ${PLACE}/index --listen 127.0.0.1 --port ${port} --mode user`
  const start = `mkdir ${PLACE}; ${zdb} > /dev/null 2>&1 & echo $! > ${PLACE}/pid`
  const wait = `${quoteShell(process.execPath)} -e ${quoteShell(WAIT)} ${port}`
  return {
    begin: [end, `rm -rf ${PLACE}`, start, wait].join('\n'),
    backend: JSON.stringify({ host: '127.0.0.1', port }),
    end,
    port,
  }
}
