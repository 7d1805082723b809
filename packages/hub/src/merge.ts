import { Readable } from 'node:stream'
import { isSuccess } from './failures.ts'
import type { CallBody, HubCall } from './hub-call.ts'
import { checkStoredName, withExtension } from './names.ts'
import { countFlist, readLight } from './reading.ts'
import type { HubSession } from './session.ts'
import { findSource, freeTarget, notDone, type OverwriteOptions, ownCall } from './writing.ts'

/** See `HubClient.merge`. */
export async function mergeFlists(
  session: HubSession,
  name: string,
  sources: readonly string[],
  options: OverwriteOptions,
): Promise<void> {
  checkStoredName(name)
  const user = await session.account(options)
  const call: HubCall = {
    ...ownCall(['merge', name], `merge into "${name}"`, options),
    method: 'POST',
    deadline: session.longDeadline,
    body: () => jsonBody(sources.map(withExtension)),
  }
  if (sources.length === 0) throw session.transport.error('bad-options', call, 'no sources; name two or more flists')
  for (const source of sources) {
    const [, repository, file] = /^([^/]+)\/([^/]+)$/.exec(source) ?? []
    if (repository === undefined || file === undefined) {
      const text = `source ${JSON.stringify(source)} is no flist; write it as "alice.3bot/name.flist"`
      throw session.transport.error('name-refused', call, text)
    }
    await findSource(session, call, repository, withExtension(file))
  }
  const before = await freeTarget(session, call, user, name, options)

  const answer = await session.transport.change(call, async (signal) => {
    const after = await readLight(session, user, name, { signal })
    const isNew = after?.type === 'regular' && after.md5 !== before?.md5
    return isNew && (await countFlist(session, user, name, { signal })) !== undefined
  })
  if (answer === undefined) return
  if (!isSuccess(answer)) throw session.transport.failure(call, answer)
  const made = await readLight(session, user, name, options)
  if (made?.type !== 'regular') throw notDone(session, call, 'there is no such flist')
  if (!(await countFlist(session, user, name, options))) throw notDone(session, call, 'it can not be read')
}

function jsonBody(value: unknown): CallBody {
  const text = Buffer.from(JSON.stringify(value))
  return {
    headers: { 'content-type': 'application/json', 'content-length': String(text.length) },
    stream: Readable.from([text]),
  }
}
