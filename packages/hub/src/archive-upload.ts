import type { HubAnswer } from './answers.ts'
import { isSuccess } from './failures.ts'
import type { FlistInfo } from './flist-info.ts'
import { readUploadResult, uploadCall } from './flist-upload.ts'
import { checkStoredName } from './names.ts'
import { countFlist, readLight } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { openUploadFile } from './upload-file.ts'
import { freeTarget, notDone, type TargetOptions } from './writing.ts'

/** What an archive holds, as the hub will count it: it notices neither a cut archive nor members it left out. */
export type ArchiveCounts = {
  /** Regular files, each name of a hard link included. */
  readonly regular: number
  /** Bytes of all regular files, those of a hard link once per name. */
  readonly fullsize: number
}

/** Options of an upload of an archive. */
export type ArchiveOptions = TargetOptions & { readonly expect: ArchiveCounts }

/** See `HubClient.upload`. */
export async function uploadArchive(
  session: HubSession,
  archive: string,
  name: string,
  options: ArchiveOptions,
): Promise<FlistInfo> {
  checkStoredName(name)
  const { expect, signal } = options
  const user = await session.account(options)
  const file = await openUploadFile(archive)
  try {
    const call = uploadCall(session, 'upload', '.tar.gz', file, name, options)
    const before = await freeTarget(session, call, user, name, { ...options, overwrite: true })
    const look = (lookOptions: CallOptions) => findConverted(session, user, name, expect, before, lookOptions)
    const answer = await session.transport.change(call, async (lookSignal) => {
      return (await look({ signal: lookSignal })) !== undefined
    })
    if (answer !== undefined) {
      if (!isSuccess(answer)) throw session.transport.failure(call, answer)
      const problem = findProblem(answer, name, expect)
      if (problem !== undefined) {
        const text = `the hub said "success", but ${problem}; what it has under the name now is broken, upload again or delete it`
        throw session.transport.error('rejected', call, text, { status: answer.status })
      }
    }
    const stored = await look({ signal })
    if (stored === undefined) throw notDone(session, call, 'the flist it has there is another one')
    return stored
  } finally {
    await file.close()
  }
}

/** The flist that came of an archive: another one than before, with the right counts. Undefined when it is not there. */
async function findConverted(
  session: HubSession,
  user: string,
  name: string,
  expect: ArchiveCounts,
  before: FlistInfo | undefined,
  options: CallOptions,
): Promise<FlistInfo | undefined> {
  const info = await readLight(session, user, name, options)
  // A flist has the time of its making inside: made anew, its md5 is another one.
  if (info?.type !== 'regular' || info.md5 === null || info.md5 === before?.md5) return undefined
  const counters = await countFlist(session, user, name, options)
  return counters?.regular === expect.regular && counters.fullsize === expect.fullsize ? info : undefined
}

function findProblem(answer: HubAnswer, name: string, expect: ArchiveCounts): string | undefined {
  const result = readUploadResult(answer, name)
  if ('problem' in result) return result.problem
  const { regular, fullsize } = result.response
  if (regular === expect.regular && fullsize === expect.fullsize) return undefined
  return `has ${regular} files of ${fullsize} bytes, the archive ${expect.regular} of ${expect.fullsize}`
}
