import { rm } from 'node:fs/promises'
import { type Answer, failure } from './answers.ts'
import { isLostName, secureFileName, uploadedFileName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters, flistListing } from './inspection.ts'
import { receiveFile } from './multipart.ts'
import { pythonJson } from './python-json.ts'
import { flistPath } from './repositories.ts'
import { incomingPath, isFileName } from './storage.ts'

/**
 * `POST /api/flist/me/upload-flist`: stores a flist that was built elsewhere, byte by byte, when every chunk it names is
 * stored. The checks come in the hub's order: the form has a file, the file has a name, the *multipart* name ends in
 * `.flist` (whatever `X-Original-Name` says), the flist can be read, its chunks are there. Throws for what the hub answers
 * with an HTML 500; the old flist is then untouched.
 */
export async function uploadFlist(context: HubContext, request: HubRequest, user: string): Promise<Answer> {
  const received = incomingPath(context.storage)
  const release = () => rm(received, { force: true })
  try {
    return { ...(await acceptUpload(context, request, user, received)), release }
  } catch (error) {
    await release()
    throw error
  }
}

async function acceptUpload(context: HubContext, request: HubRequest, user: string, received: string): Promise<Answer> {
  const file = await receiveFile(request.body, request.headers, 'file', received)
  if (!file) return failure('no file found', 500)
  if (file.fileName === '') return failure('no file selected', 500)
  if (!file.fileName.endsWith('.flist')) return failure('this file is not allowed', 500)
  // The hub saves the upload under this name, which fails when no file can have it.
  const saved = secureFileName(file.fileName)
  if (!isFileName(saved)) throw new Error(`multipart file name "${saved}": no file can have this name`)

  const counters = await countFlist(context.inspectFlist, received, context.chunks, context.closing)
  if (counters.failure > 0) {
    return failure('unauthorized upload, contents is not fully present on backend', 500)
  }
  const name = uploadedFileName(file.fileName, originalName(request))
  const path = flistPath(context.storage, user, name)
  context.closing.throwIfAborted()
  if (path !== undefined && !isLostName(name)) await context.changes.overwrite(received, path)
  const body = uploadReport(context, name, received, counters)
  return { status: 200, headers: { 'Content-Type': 'application/json' }, body }
}

/** The answer lists every path of the flist, so it is written while the received file is read once more. */
async function* uploadReport(
  context: HubContext,
  name: string,
  received: string,
  counters: FlistCounters,
): AsyncGenerator<string> {
  yield `{"status": "success", "payload": {"name": ${pythonJson(name)}, "files": {"success": true, "error": null, "response": `
  yield* flistListing(context.inspectFlist, received, counters, context.closing)
  yield ', "status": 0}}}\n'
}

function originalName(request: HubRequest): string | undefined {
  const header = request.headers['x-original-name']
  return Array.isArray(header) ? header[0] : header
}
