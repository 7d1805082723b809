import type { Readable } from 'node:stream'
import { type Answer, failure, success } from './answers.ts'
import { flistFileName, isLostName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { commitFlist, flistMaker, withOutput } from './made-flist.ts'
import { clientError } from './named-flist.ts'
import { flistKind, flistPath, userExists } from './repositories.ts'

const LONGEST_BODY = 1024 * 1024

/**
 * `POST /api/flist/me/merge/NAME` with a JSON list of `repository/name`: one flist of several. What fails while merging is
 * told as a 500 whose body says "success", and who has no repository yet gets "success" for nothing; a strict twin tells
 * the first as an error and makes the repository.
 */
export async function merging(context: HubContext, request: HubRequest, user: string, name: string): Promise<Answer> {
  const refuse = (message: string): Answer => clientError(context, message, 500, 400)
  const listed = parseJson(await readText(request.body))
  if (!Array.isArray(listed)) return refuse('malformed json request')
  if (listed.length === 0) return refuse('no source found')
  const sources: string[] = []
  for (const source of listed) {
    if (typeof source !== 'string' && !context.strict) throw new Error('a source is no text')
    if (typeof source !== 'string' || !source.includes('/')) return refuse('malformed source filename')
    sources.push(flistFileName(source))
  }
  const paths = sources.map((source) => sourcePath(context, source))
  for (const [at, path] of paths.entries()) {
    if (path !== undefined && (await flistKind(path))) continue
    return clientError(context, `${sources[at]} does not exists`, 500, 404)
  }
  if (context.strict && isLostName(flistFileName(name))) return refuse(`the name "${name}" is not allowed`)
  return mergeFlists(
    context,
    user,
    name,
    paths.filter((path) => path !== undefined),
  )
}

async function mergeFlists(context: HubContext, user: string, name: string, paths: readonly string[]): Promise<Answer> {
  const maker = flistMaker(context)
  let failed = false
  const make = async (output: string): Promise<void> => {
    await maker.merge(paths, output, context.closing).catch((error: unknown) => {
      context.closing.throwIfAborted()
      failed = true
      context.onFault(`merge of ${paths.join(', ')}`, error)
    })
  }
  return withOutput(context, make, async (output) => {
    if (failed) return context.strict ? failure('a source can not be read', 422) : { ...success(), status: 500 }
    if (context.strict || (await userExists(context.storage, user))) {
      await commitFlist(context, output, user, flistFileName(name))
    }
    return success()
  })
}

/** Only the first two parts of a source are looked at. */
function sourcePath(context: HubContext, source: string): string | undefined {
  const [repository = '', name = ''] = source.split('/')
  return flistPath(context.storage, repository, name)
}

async function readText(body: Readable): Promise<string> {
  const pieces: Buffer[] = []
  let length = 0
  for await (const bytes of body.iterator({ destroyOnReturn: false })) {
    length += (bytes as Buffer).length
    if (length > LONGEST_BODY) return ''
    pieces.push(bytes as Buffer)
  }
  return Buffer.concat(pieces).toString()
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
