import { createHash } from 'node:crypto'
import { isObject, readJson } from './answers.ts'
import { HubError } from './errors.ts'
import { isNotFound, isSuccess } from './failures.ts'
import { openFlistFile } from './flist-file.ts'
import { type FlistInfo, type FlistListing, isMd5, readFlistInfo, readListing } from './flist-info.ts'
import { parseHubUrl, parseToken } from './hub-url.ts'
import { checkStoredName, pathComponent, withExtension } from './names.ts'
import { type HubCall, HubTransport } from './transport.ts'
import { uploadFlist } from './upload.ts'

/** Which hub, and as whom. */
export type HubClientOptions = {
  /** `https://hub.grid.tf`, with or without a path and a slash at the end. */
  readonly url: string
  /** Needed for `account` and all that writes. */
  readonly token?: string
  /**
   * The repository to write to, when the token's own user may write to another one. The hub silently writes to the token's
   * own repository when it may not; here it is an error before the first write.
   */
  readonly user?: string
  /** Attempts per call, the first included; default 5. */
  readonly attempts?: number
  /** Milliseconds before the second attempt, growing from there; default 300. */
  readonly firstPause?: number
  /** Milliseconds for a call with all its attempts; default 60,000. For an upload, `uploadDeadline`; default 30 minutes. */
  readonly deadline?: number
  readonly uploadDeadline?: number
}

/** What every call takes. */
export type CallOptions = { readonly signal?: AbortSignal | undefined }

const LISTING_LIMIT = 64 * 1024 * 1024

/**
 * Talks to one 0-hub. Reading needs no token and none is sent. Every write first makes sure whose repository the token
 * writes to, and is only reported done when the hub, asked again, has what was written.
 *
 * All methods throw {@link HubError}; `network` after all attempts failed. An aborted signal's reason is thrown as it is.
 */
export class HubClient {
  readonly #transport: HubTransport
  readonly #user: string | undefined
  readonly #uploadDeadline: number
  #account: string | undefined

  /** @throws HubError `bad-options` */
  constructor(options: HubClientOptions) {
    const { attempts = 5, firstPause = 300, deadline = 60_000, uploadDeadline = 30 * 60_000, user } = options
    if (user !== undefined && !/^[A-Za-z0-9._-]+$/.test(user)) {
      throw new HubError('bad-options', `hub user ${JSON.stringify(user)}: not a user name; use one like "alice.3bot"`)
    }
    const policy = { attempts, firstPause, deadline }
    this.#transport = new HubTransport({
      url: parseHubUrl(options.url),
      token: options.token === undefined ? undefined : parseToken(options.token),
      user,
      policy,
    })
    this.#user = user
    this.#uploadDeadline = uploadDeadline
  }

  /**
   * The repository that is written to. Asked once; the answer stays true as long as the token does.
   *
   * @throws HubError `unauthorized`, and `wrong-account` when it is not the `user` of the options
   */
  async account(options: CallOptions = {}): Promise<string> {
    if (this.#account !== undefined) return this.#account
    const call = { path: '/api/flist/me', purpose: 'account', owned: true, signal: options.signal }
    const answer = await this.#transport.call(call)
    const json = readJson(answer)
    const payload = isSuccess(answer) && isObject(json) ? json.payload : undefined
    const user = isObject(payload) ? payload.username : undefined
    if (typeof user !== 'string' || user === '') throw this.#transport.failure(call, answer)
    if (this.#user !== undefined && this.#user !== user) {
      const text = `the token writes to "${user}", not to "${this.#user}"; use a token that may, or leave out the user`
      throw this.#transport.error('wrong-account', call, text)
    }
    this.#account = user
    return user
  }

  /** What is at a name; undefined when nothing is. Never an error for a repository that does not exist yet. */
  async light(user: string, name: string, options: CallOptions = {}): Promise<FlistInfo | undefined> {
    const file = withExtension(name)
    const path = `/api/flist/${pathComponent(user)}/${pathComponent(file)}/light`
    const call = { path, purpose: `light of "${user}/${file}"`, signal: options.signal }
    const answer = await this.#transport.call(call)
    if (isNotFound(answer)) return undefined
    const info = answer.status === 200 ? readFlistInfo(readJson(answer)) : undefined
    if (!info) throw this.#transport.failure(call, answer)
    return info
  }

  /** The md5 in hex that consumers of a flist see; undefined when there is no flist or a link leads nowhere. */
  async md5(user: string, name: string, options: CallOptions = {}): Promise<string | undefined> {
    const file = withExtension(name)
    const call = {
      path: `/${pathComponent(user)}/${pathComponent(file)}.md5`,
      purpose: `md5 of "${user}/${file}"`,
      signal: options.signal,
    }
    const answer = await this.#transport.call(call)
    if (answer.status === 404) return undefined
    const md5 = answer.text?.trim()
    if (answer.status !== 200 || md5 === undefined || !isMd5(md5)) throw this.#transport.failure(call, answer)
    return md5
  }

  /** Everything in a repository, sorted by name. */
  async list(user: string, options: CallOptions = {}): Promise<readonly FlistListing[]> {
    const call = {
      path: `/api/flist/${pathComponent(user)}`,
      purpose: `listing of "${user}"`,
      limit: LISTING_LIMIT,
      signal: options.signal,
    }
    const answer = await this.#transport.call(call)
    if (answer.status === 404) throw this.#notFound(call)
    const listing = answer.status === 200 ? readListing(readJson(answer)) : undefined
    if (!listing) throw this.#transport.failure(call, answer)
    return listing
  }

  /**
   * The bytes of a flist, links followed. They are compared with the hub's md5, so only a stream that ends without an error
   * is the flist.
   *
   * @throws HubError `not-found`; `mismatch` at the end, also when the flist was replaced meanwhile
   */
  async *download(user: string, name: string, options: CallOptions = {}): AsyncGenerator<Uint8Array> {
    const file = withExtension(name)
    const path = `/${pathComponent(user)}/${pathComponent(file)}`
    const call = {
      path,
      purpose: `download of "${user}/${file}"`,
      signal: options.signal,
      deadline: this.#uploadDeadline,
    }
    const expected = await this.md5(user, file, options)
    if (expected === undefined) throw this.#notFound(call)

    const answer = await this.#transport.stream(call)
    if (!('body' in answer)) throw answer.status === 404 ? this.#notFound(call) : this.#transport.failure(call, answer)
    const hash = createHash('md5')
    try {
      for await (const bytes of answer.body) {
        hash.update(bytes)
        yield bytes
      }
    } catch (error) {
      throw this.#transport.connectionError(call, error)
    }
    const actual = hash.digest('hex')
    if (actual !== expected) {
      const text = `md5 is ${actual}, the hub said ${expected}; it was replaced or changed on the way, run again`
      throw this.#transport.error('mismatch', call, text)
    }
  }

  /**
   * Publishes a flist file under a name in one's own repository, and reads it back. The hub takes it only when all of its
   * chunks are stored. Until it has answered, the name has what it had.
   *
   * @throws HubError `name-refused`, `local-file`, `chunks-missing`, `is-a-link` (the hub would write through the link, into
   * whatever flist it leads to), `rejected`, `mismatch`
   */
  async uploadFlist(file: string, name: string, options: CallOptions = {}): Promise<void> {
    checkStoredName(name)
    const user = await this.account(options)
    const flist = await openFlistFile(file)
    try {
      const deadline = this.#uploadDeadline
      await uploadFlist(this, this.#transport, { user, name, flist, deadline, signal: options.signal })
    } finally {
      await flist.close()
    }
  }

  /**
   * Makes the link `name` lead to `source`, both in one's own repository, or moves it there, and reads it back.
   *
   * @throws HubError `not-found` when `source` is not there or leads nowhere, `is-a-file` when `name` is a flist, `mismatch`
   */
  async link(source: string, name: string, options: CallOptions = {}): Promise<void> {
    checkStoredName(source)
    checkStoredName(name)
    const user = await this.account(options)
    const path = `/api/flist/me/${pathComponent(source)}/link/${pathComponent(name)}`
    const call = { path, purpose: `link "${name}" to "${source}"`, owned: true, signal: options.signal }
    const found = await this.light(user, source, options)
    // A link that leads nowhere gives consumers a 404; the hub would make it.
    if (!found?.md5) throw this.#notFound(call, `"${user}/${source}" is not there`)

    const answer = await this.#transport.call(call)
    if (!isSuccess(answer)) throw this.#transport.failure(call, answer)
    const made = await this.light(user, name, options)
    if (made?.type !== 'symlink' || made.target !== source) throw this.#notDone(call, 'the link leads elsewhere')
  }

  /**
   * Removes a flist, or a link and not its target, from one's own repository.
   *
   * @throws HubError `not-found`, `mismatch` when it is still there
   */
  async delete(name: string, options: CallOptions = {}): Promise<void> {
    checkStoredName(name)
    const user = await this.account(options)
    const path = `/api/flist/me/${pathComponent(name)}`
    const call: HubCall = { method: 'DELETE', path, purpose: `delete "${name}"`, owned: true, signal: options.signal }
    const answer = await this.#transport.call(call)
    // The answer of an earlier attempt may be what got lost.
    const gone = isNotFound(answer) && answer.attempts > 1
    if (!isSuccess(answer) && !gone) throw this.#transport.failure(call, answer)
    if (await this.light(user, name, options)) throw this.#notDone(call, 'it is still there')
  }

  /** Ends every open connection. */
  async close(): Promise<void> {
    await this.#transport.close()
  }

  #notFound(call: HubCall, what = 'not found'): HubError {
    return this.#transport.error('not-found', call, `${what}; check the name and the URL of the hub`)
  }

  #notDone(call: HubCall, found: string): HubError {
    return this.#transport.error('mismatch', call, `the hub said "success", but ${found}; run again`)
  }
}
