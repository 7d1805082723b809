import { createWriteStream } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { type FlistContent, readFlistContent } from './flist-content.ts'
import type { HubSession } from './hub-session.ts'

/** Downloads what a name gives and reads all of it; the file is gone afterwards. */
export async function downloadContent(
  { hub, account, call }: HubSession,
  name: string,
  user = account,
): Promise<FlistContent> {
  const folder = await mkdtemp(join(tmpdir(), 'flist-published-'))
  try {
    const path = join(folder, name)
    await pipeline(hub.download(user, name, call), createWriteStream(path))
    return await readFlistContent(path, call.signal ? { signal: call.signal } : {})
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
