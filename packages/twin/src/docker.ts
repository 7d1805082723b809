import { type Answer, failure, success } from './answers.ts'
import { flistFileName, isLostName } from './flist-names.ts'
import type { HubContext } from './hub-context.ts'
import type { HubRequest } from './hub-server.ts'
import { countFlist, type FlistCounters } from './inspection.ts'
import { commitFlist, flistDetails, flistMaker, withOutput } from './made-flist.ts'
import { receiveForm } from './multipart.ts'
import { clientError } from './named-flist.ts'
import { incomingPath } from './storage.ts'

/**
 * `POST /api/flist/me/docker` with the form field `image`: a flist of an image, by the converter that the twin was given.
 * The hub answers every failure with one text, and the counters where the name should be.
 */
export async function dockerConversion(context: HubContext, request: HubRequest, user: string): Promise<Answer> {
  const { fields } = await receiveForm(request.body, request.headers, '', incomingPath(context.storage))
  const image = fields.get('image')
  if (!image) return failure('missing docker image name', 400)
  const reference = image.includes(':') ? image : `${image}:latest`
  const name = flistFileName(reference.replace(/[:/]/g, '-'))
  if (context.strict && isLostName(name)) return failure(`the name "${name}" is not allowed`, 400)
  const maker = flistMaker(context)
  let made: FlistCounters | undefined
  const make = async (output: string): Promise<void> => {
    try {
      await maker.fromImage(reference, output, flistDetails(context))
      made = await countFlist(context.inspectFlist, output, undefined, context.closing)
    } catch (error) {
      context.closing.throwIfAborted()
      context.onFault(`conversion of ${reference}`, error)
    }
  }
  return withOutput(context, make, async (output) => {
    if (!made) return clientError(context, 'could not pull this image', 500, 502)
    await commitFlist(context, output, user, name)
    return success(context.strict ? { name, files: made } : { name: made })
  })
}
