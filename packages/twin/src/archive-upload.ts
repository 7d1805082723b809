import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { lstat, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Answer, failure, success } from './answers.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters } from './inspection.ts'
import { commitFlist, flistDetails, flistMaker, withOutput } from './made-flist.ts'
import type { Json } from './python-json.ts'
import { receiveUpload, type Upload } from './received-upload.ts'
import { incomingPath } from './storage.ts'

/** Metadata rows that a form can not set. */
const PROTECTED_ROWS = new Set(['readme', 'backend', 'entrypoint', 'environ', 'port', 'volume'])

/** Bytes; no row of metadata is longer than any reader can be expected to take. */
const LONGEST_README = 1024 * 1024

/** What the hub answers about the files of an upload, whose status is 200 whatever it says. */
type Outcome = { readonly success: boolean; readonly error: Json; readonly response: Json; readonly status: number }

/**
 * `POST /api/flist/me/upload`: unpacks an archive with tar and makes a flist of what came out. The hub looks at no exit
 * code: of a broken archive it keeps what could be read, and where nothing could be, or chunks can not be stored, the old
 * flist is replaced by an empty one, all with 200 "success". A strict twin refuses these and keeps the old flist.
 */
export async function uploadArchive(context: HubContext, request: HubRequest, user: string): Promise<Answer> {
  return receiveUpload(context, request, user, '.tar.gz', async (upload) => {
    const workspace = incomingPath(context.storage)
    await mkdir(workspace, { mode: 0o755 })
    try {
      const complete = await unpack(upload.file, workspace, context.closing)
      if (context.strict && !complete) return failure('the archive can not be read to its end', 422)
      return await makeFlist(context, user, upload, workspace)
    } finally {
      await rm(workspace, { recursive: true, force: true })
    }
  })
}

async function makeFlist(context: HubContext, user: string, upload: Upload, workspace: string): Promise<Answer> {
  const maker = flistMaker(context)
  const details = flistDetails(context, await uploadedRows(workspace, upload.fields))
  const isEmpty = (await readdir(workspace)).length === 0
  let outcome: Outcome = NOTHING_LOADED
  const make = async (output: string): Promise<void> => {
    try {
      // Asks whether the backend is there at all, as storing the chunks would.
      await context.chunks.has(Buffer.alloc(16)).catch((error: unknown) => {
        outcome = BACKEND_DOWN
        throw error
      })
      await maker.fromDirectory(workspace, output, details)
    } catch (error) {
      context.closing.throwIfAborted()
      if (context.strict) throw error
      context.onFault(`upload of ${upload.name}`, error)
      await replaceByNothing(workspace, () => maker.fromDirectory(workspace, output, details))
      return
    }
    const counters = await countFlist(context.inspectFlist, output, undefined, context.closing)
    if (!isEmpty || context.strict) outcome = loaded(counters)
  }
  return withOutput(context, make, async (output) => {
    await commitFlist(context, output, user, upload.name)
    return success({ name: upload.name, files: outcome })
  })
}

/** The hub takes an archive without entries for one that it could not unpack. */
const NOTHING_LOADED: Outcome = {
  success: false,
  error: { message: 'could not load local directory' },
  response: {},
  status: 1,
}

const BACKEND_DOWN: Outcome = { success: true, error: null, response: {}, status: 1 }

/** The reference counts a directory once for itself and once for each thing in it, or so. */
function loaded(counters: FlistCounters): Outcome {
  const { directory, regular, symlink, special } = counters
  const response = { ...counters, directory: 2 * directory + regular + symlink + special }
  return { success: true, error: null, response, status: 0 }
}

async function replaceByNothing(workspace: string, make: () => Promise<void>): Promise<void> {
  await rm(workspace, { recursive: true, force: true })
  await mkdir(workspace, { mode: 0o755 })
  await make()
}

/** Unpacks with the system's tar, whatever the compression; tells whether it was content with the archive. */
async function unpack(archive: string, folder: string, signal: AbortSignal): Promise<boolean> {
  const tar = spawn('tar', ['-xpf', archive, '-C', folder], { stdio: 'ignore', signal })
  const [status] = await once(tar, 'close')
  return status === 0
}

async function uploadedRows(
  workspace: string,
  fields: ReadonlyMap<string, string>,
): Promise<Record<string, string | object>> {
  const rows: Record<string, string | object> = {}
  for (const [name, value] of fields) {
    const row = name.startsWith('metadata-') ? name.slice('metadata-'.length) : ''
    if (row !== '' && !PROTECTED_ROWS.has(row)) rows[row] = value
  }
  for (const name of ['.README', '.README.md']) {
    const readme = await readReadme(join(workspace, name))
    if (readme) rows.readme = { readme }
  }
  return rows
}

/** A file that is empty, too long, not UTF-8 or not there is no readme; neither is what a link of the archive leads to. */
async function readReadme(path: string): Promise<string | undefined> {
  const found = await lstat(path).catch(() => undefined)
  if (!found?.isFile() || found.size > LONGEST_README) return undefined
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await readFile(path))
  } catch {
    return undefined
  }
}
