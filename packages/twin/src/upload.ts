import { type Answer, failure } from './answers.ts'
import { isLostName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters, flistListing } from './inspection.ts'
import { clientError } from './named-flist.ts'
import { pythonJson } from './python-json.ts'
import { receiveUpload, type Upload } from './received-upload.ts'
import { flistKind } from './repositories.ts'

/**
 * `POST /api/flist/me/upload-flist`: stores a flist that was built elsewhere, byte by byte, when every chunk it names is
 * stored; through a link, into the flist it leads to. Throws for what the hub answers with an HTML 500; the old flist is
 * then untouched.
 */
export async function uploadFlist(context: HubContext, request: HubRequest, user: string): Promise<Answer> {
  return receiveUpload(context, request, user, '.flist', (upload) => storeUpload(context, upload))
}

async function storeUpload(context: HubContext, { file, received, name, path }: Upload): Promise<Answer> {
  if (context.strict && path !== undefined && (await flistKind(path)) === 'symlink') {
    return failure('there is a link of this name', 409)
  }
  const { inspectFlist, closing } = context
  const counters = await countFlist(inspectFlist, file, context.chunks, closing).catch((error: unknown) => {
    if (!context.strict || closing.aborted) throw error
    return undefined
  })
  if (!counters) return failure('the flist can not be read', 422)
  if (counters.failure > 0) {
    return clientError(context, 'unauthorized upload, contents is not fully present on backend', 500, 422)
  }
  closing.throwIfAborted()
  if (path !== undefined && !isLostName(name)) await context.changes.overwrite(file, path)
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
