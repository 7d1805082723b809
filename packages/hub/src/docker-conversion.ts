import { Readable } from 'node:stream'
import { type HubAnswer, isObject, readJson } from './answers.ts'
import { HubError } from './errors.ts'
import { isSuccess } from './failures.ts'
import { type FlistCounters, readCounters } from './flist-contents.ts'
import type { FlistInfo } from './flist-info.ts'
import type { CallBody, HubCall } from './hub-call.ts'
import { dockerFlistName } from './names.ts'
import { countFlist, readLight } from './reading.ts'
import { retry } from './retry.ts'
import type { HubSession } from './session.ts'
import { isLost } from './transport.ts'
import { freeTarget, notDone, type OverwriteOptions, ownCall } from './writing.ts'

/** What a hub made of a Docker image. */
export type DockerConversion = FlistCounters & {
  /** Where the flist is. A hub does not tell: it follows from the image's name. */
  readonly name: string
}

/** Docker's reference: `host:port/path/name:tag@digest`. What the hub would hand on to Docker must not be anything else. */
const IMAGE = /^[A-Za-z0-9][A-Za-z0-9._-]*(:\d+)?(\/[A-Za-z0-9._-]+)*(:[A-Za-z0-9._-]+)?(@sha256:[0-9a-f]{64})?$/
const LONGEST_NAME = 236
/** A conversion whose answer got lost is waited for: with pauses of up to 15 seconds, some minutes. */
const LOOKS = 25

/** See `HubClient.docker`. */
export async function convertDocker(
  session: HubSession,
  image: string,
  options: OverwriteOptions,
): Promise<DockerConversion> {
  const name = dockerFlistName(image)
  const user = await session.account(options)
  const call: HubCall = {
    ...ownCall(['docker'], `docker conversion of "${image}"`, options),
    method: 'POST',
    deadline: session.longDeadline,
    body: () => formBody({ image }),
  }
  if (!IMAGE.test(image) || name.length > LONGEST_NAME) {
    const text = `the hub would store it as ${JSON.stringify(name)} or not at all; give the name of an image, like "debian:12"`
    throw session.transport.error('name-refused', call, text)
  }
  const before = await freeTarget(session, call, user, name, options)
  const target = { user, name, before }
  const answer = await session.transport.begin(call)
  if (answer instanceof HubError) return waitForConversion(session, target, answer, options)
  if (!isSuccess(answer)) throw session.transport.failure(call, answer)
  const made = await findConverted(session, target, options)
  if (!made) throw notDone(session, call, `"${user}/${name}" can not be read`)
  const said = countersOf(answer)
  if (said?.regular !== made.regular || said.fullsize !== made.fullsize) {
    throw notDone(session, call, `"${user}/${name}" has other contents than it told`)
  }
  return made
}

type Target = { readonly user: string; readonly name: string; readonly before: FlistInfo | undefined }

/** What the hub has under the name, when that is another flist than before. */
async function findConverted(
  session: HubSession,
  { user, name, before }: Target,
  options: { readonly signal?: AbortSignal | undefined },
): Promise<DockerConversion | undefined> {
  const info = await readLight(session, user, name, options)
  if (info?.type !== 'regular' || info.md5 === before?.md5) return undefined
  const counters = await countFlist(session, user, name, options)
  if (!counters) return undefined
  const { regular, symlink, special, fullsize } = counters
  return { name, regular, symlink, special, fullsize }
}

/** A conversion takes longer than many a proxy waits. It is not begun again: two of them would write the same file. */
function waitForConversion(
  session: HubSession,
  target: Target,
  lost: HubError,
  options: OverwriteOptions,
): Promise<DockerConversion> {
  const { firstPause } = session.transport.policy
  const policy = { attempts: LOOKS, firstPause: 4 * firstPause, deadline: session.longDeadline }
  return retry(policy, options.signal, async () => {
    const made = await findConverted(session, target, options).catch((error: unknown) => {
      throw isLost(error) ? lost : error
    })
    return made ? { done: made } : { failed: lost }
  })
}

/** The payload's `name` holds the counters. */
function countersOf(answer: HubAnswer): FlistCounters | undefined {
  const json = readJson(answer)
  return isObject(json) && isObject(json.payload) ? readCounters(json.payload.name) : undefined
}

function formBody(fields: Readonly<Record<string, string>>): CallBody {
  const text = Buffer.from(new URLSearchParams(fields).toString())
  return {
    headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': String(text.length) },
    stream: Readable.from([text]),
  }
}
