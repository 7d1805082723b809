import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Somebody who follows a link all the time, straight on the hub's disk: what is there at any moment is what a download
 * could give. Every flist that is seen must be one of the whole ones.
 */
export type HubReader = {
  /** Ends the reading; gives what was wrong. */
  stop(): Promise<readonly string[]>
}

/** Milliseconds between two looks. */
const PAUSE = 2

/**
 * @param path of the link on the hub's disk
 * @param isWhole whether what has this md5 may be there
 */
export function followLink(path: string, isWhole: (md5: string) => boolean): HubReader {
  const violations: string[] = []
  let goOn = true
  let last: string | undefined
  const look = () => {
    const seen = seenAt(path, isWhole)
    if (seen.problem && seen.problem !== last) violations.push(seen.problem)
    last = seen.problem
  }
  const reading = (async () => {
    while (goOn) {
      look()
      await sleep(PAUSE)
    }
    look()
  })()
  return {
    async stop() {
      goOn = false
      await reading
      return violations
    },
  }
}

function seenAt(path: string, isWhole: (md5: string) => boolean): { problem?: string } {
  if (!existsSync(path)) return { problem: `${path}: nothing` }
  const bytes = readFileSync(path)
  const md5 = createHash('md5').update(bytes).digest('hex')
  return isWhole(md5) ? {} : { problem: `${path}: ${bytes.length} bytes that are no whole flist` }
}

export function md5Of(path: string): string {
  return createHash('md5').update(readFileSync(path)).digest('hex')
}
