import { isObject, readJson } from './answers.ts'
import { isSuccess } from './failures.ts'
import type { CallOptions } from './session.ts'
import type { HubTransport } from './transport.ts'

/** See `HubClient.account`. `wanted` is the repository that was asked for; the hub ignores a cookie it does not like. */
export async function readAccount(
  transport: HubTransport,
  wanted: string | undefined,
  options: CallOptions,
): Promise<string> {
  const call = { path: '/api/flist/me', purpose: 'account', owned: true, signal: options.signal }
  const answer = await transport.call(call)
  const json = readJson(answer)
  const payload = isSuccess(answer) && isObject(json) ? json.payload : undefined
  const user = isObject(payload) ? payload.username : undefined
  if (typeof user !== 'string' || user === '') throw transport.failure(call, answer)
  if (wanted === undefined || wanted === user) return user
  const text = `the token writes to "${user}", not to "${wanted}"; use a token that may, or leave out the user`
  throw transport.error('wrong-account', call, text)
}
