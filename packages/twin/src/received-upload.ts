import { copyFile, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { Answer } from './answers.ts'
import { isLostName, secureFileName, uploadedFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { receiveForm } from './multipart.ts'
import { clientError } from './named-flist.ts'
import { flistPath } from './repositories.ts'
import { incomingPath, isFileName } from './storage.ts'

/** A file that a user sent, and where its flist goes. */
export type Upload = {
  /** Where the file lies while it is worked on; on a hub another upload of the same name may change it there. */
  readonly file: string
  /** The same file as it came; there until the answer was sent. */
  readonly received: string
  /** The name that the flist gets; undefined as a path when no file can have it. */
  readonly name: string
  readonly path: string | undefined
  readonly fields: ReadonlyMap<string, string>
}

/** Names that a strict twin takes: those that the hub keeps as they are, whichever way they are sent. */
const PLAIN_NAME = /^[A-Za-z0-9_-][A-Za-z0-9._-]*\.flist$/

/**
 * Receives the file of an upload and answers with what `accept` makes of it. The checks come in the hub's order: the form
 * has a file, the file has a name, the *multipart* name has the ending (whatever `X-Original-Name` says). Everything that
 * was received goes with the answer, also when `accept` rejects.
 */
export async function receiveUpload(
  context: HubContext,
  request: HubRequest,
  user: string,
  ending: '.flist' | '.tar.gz',
  accept: (upload: Upload) => Promise<Answer>,
): Promise<Answer> {
  const received = incomingPath(context.storage)
  const release = () => rm(received, { force: true })
  try {
    const { fileName, fields } = await receiveForm(request.body, request.headers, 'file', received)
    if (fileName === undefined) return { ...clientError(context, 'no file found', 500, 400), release }
    if (fileName === '') return { ...clientError(context, 'no file selected', 500, 400), release }
    if (!fileName.endsWith(ending)) return { ...clientError(context, 'this file is not allowed', 500, 415), release }
    const name = uploadedFileName(fileName, originalName(request))
    const path = flistPath(context.storage, user, name)
    if (context.strict && (!PLAIN_NAME.test(name) || isLostName(name))) {
      return { ...clientError(context, `the name "${name}" is not allowed`, 500, 400), release }
    }
    const upload = { received, name, path, fields }
    const answer = context.strict
      ? await accept({ ...upload, file: received })
      : await inDistfiles(context, received, fileName, (file) => accept({ ...upload, file }))
    return { ...answer, release }
  } catch (error) {
    await release()
    throw error
  }
}

/**
 * The hub keeps an upload, while it works on it, under its multipart file name in one folder for all users, so that two of
 * one name at the same time write into each other, and the second to end finds nothing to remove.
 */
async function inDistfiles(
  context: HubContext,
  received: string,
  fileName: string,
  accept: (file: string) => Promise<Answer>,
): Promise<Answer> {
  const saved = secureFileName(fileName)
  if (!isFileName(saved)) throw new Error(`multipart file name "${saved}": no file can have this name`)
  const file = join(context.storage.distfiles, saved)
  await copyFile(received, file)
  try {
    const answer = await accept(file)
    if (answer.status === 200) await unlink(file)
    return answer
  } finally {
    // Of a refused upload the hub keeps the file for ever; that is of no use to anybody.
    await rm(file, { force: true })
  }
}

function originalName(request: HubRequest): string | undefined {
  const header = request.headers['x-original-name']
  return Array.isArray(header) ? header[0] : header
}
