import { readAccount } from './account.ts'
import { type ArchiveOptions, uploadArchive } from './archive-upload.ts'
import type { HubClientOptions } from './client-options.ts'
import { convertDocker, type DockerConversion } from './docker-conversion.ts'
import { HubError } from './errors.ts'
import type { FlistContents } from './flist-contents.ts'
import { type DownloadOptions, downloadBytes } from './flist-download.ts'
import type { FlistInfo, FlistListing } from './flist-info.ts'
import { uploadFlist } from './flist-upload.ts'
import { parseHubUrl, parseToken } from './hub-url.ts'
import { deleteTaglink, makeCrosslink, makeLink, makeTaglink } from './links.ts'
import { mergeFlists } from './merge.ts'
import { promoteFlist, type RenameOptions, renameFlist } from './moves.ts'
import { checkStoredName } from './names.ts'
import { readFlistContents, readLight, readList, readMd5, readMetadata, readTag, readTaglink } from './reading.ts'
import type { CallOptions, HubSession } from './session.ts'
import { addToTag, removeFromTag } from './tags.ts'
import { HubTransport } from './transport.ts'
import { deleteFlist, type OverwriteOptions, type TargetOptions } from './writing.ts'

/**
 * Talks to one 0-hub. Reading needs no token and none is sent. Every write first makes sure whose repository the token
 * writes to, and is only reported done when the hub, asked again, has what was written. When its answer gets lost, it looks
 * whether the write has worked before it repeats it.
 *
 * Names of flists end in `.flist`; where one is only read, the ending may be left out. `user` and `repository` are accounts
 * such as `alice.3bot`. All methods throw {@link HubError}; `network` after all attempts failed. An aborted signal's reason
 * is thrown as it is.
 */
export class HubClient {
  readonly #session: HubSession
  readonly #user: string | undefined
  #account: string | undefined

  /** @throws HubError `bad-options` */
  constructor(options: HubClientOptions) {
    const { attempts = 5, firstPause = 300, deadline = 60_000, uploadDeadline = 30 * 60_000, user, onRequest } = options
    if (user !== undefined && !/^[A-Za-z0-9._-]+$/.test(user)) {
      throw new HubError('bad-options', `hub user ${JSON.stringify(user)}: not a user name; use one like "alice.3bot"`)
    }
    const url = parseHubUrl(options.url)
    const token = options.token === undefined ? undefined : parseToken(options.token)
    const transport = new HubTransport({ url, token, user, onRequest, policy: { attempts, firstPause, deadline } })
    this.#session = { transport, longDeadline: uploadDeadline, account: (callOptions) => this.account(callOptions) }
    this.#user = user
  }

  /**
   * The repository that is written to. Asked once; the answer stays true as long as the token does.
   *
   * @throws HubError `unauthorized`, and `wrong-account` when it is not the `user` of the options
   */
  async account(options: CallOptions = {}): Promise<string> {
    this.#account ??= await readAccount(this.#session.transport, this.#user, options)
    return this.#account
  }

  /** Everything in a repository, sorted by name: flists, links, links to tags, and tags. */
  list(user: string, options: CallOptions = {}): Promise<readonly FlistListing[]> {
    return readList(this.#session, user, options)
  }

  /** What is at a name; undefined when nothing is. Never an error for a repository that does not exist yet. */
  light(user: string, name: string, options: CallOptions = {}): Promise<FlistInfo | undefined> {
    return readLight(this.#session, user, name, options)
  }

  /**
   * The files of a flist as the hub reads it; undefined when there is none.
   *
   * @throws HubError `unreadable` when the hub can not open it, or a link leads nowhere
   */
  contents(user: string, name: string, options: CallOptions = {}): Promise<FlistContents | undefined> {
    return readFlistContents(this.#session, user, name, options)
  }

  /**
   * The metadata of a flist by key, values as JSON where they are; undefined when there is none. Without a backend of its
   * own, what consumers use instead is in `backend-forced`. Of a flist that the hub can not read that is all there is.
   */
  metadata(
    user: string,
    name: string,
    options: CallOptions = {},
  ): Promise<Readonly<Record<string, unknown>> | undefined> {
    return readMetadata(this.#session, user, name, options)
  }

  /** The md5 in hex that consumers of a flist see; undefined when there is no flist or a link leads nowhere. */
  md5(user: string, name: string, options: CallOptions = {}): Promise<string | undefined> {
    return readMd5(this.#session, user, name, options)
  }

  /**
   * The bytes of a flist, links followed. They are compared with the hub's md5, so only a stream that ends without an error
   * is the flist. A connection that breaks is resumed where it broke, when the file is still the same one.
   *
   * @throws HubError `not-found`; `mismatch` when the flist was replaced meanwhile, at the end at the latest
   */
  download(user: string, name: string, options: DownloadOptions = {}): AsyncGenerator<Uint8Array> {
    return downloadBytes(this.#session, user, name, options)
  }

  /**
   * Publishes a flist file under a name in one's own repository, and reads it back. The hub takes it only when all of its
   * chunks are stored. Until it has answered, the name has what it had.
   *
   * @throws HubError `name-refused`, `local-file`, `chunks-missing`, `is-a-link` (the hub would write through the link, into
   * whatever flist it leads to), `rejected`, `mismatch`
   */
  uploadFlist(file: string, name: string, options: TargetOptions = {}): Promise<void> {
    return uploadFlist(this.#session, file, name, options)
  }

  /**
   * Lets the hub make a flist of a `tar.gz` archive, and compares what it has then with what the archive holds. The hub
   * replaces the flist of that name before it knows whether the archive is any good: use a name that nobody follows.
   *
   * @returns what the hub has under the name
   * @throws HubError `name-refused`, `local-file`, `is-a-link`, `rejected` (what is there now is broken), `mismatch`
   */
  upload(archive: string, name: string, options: ArchiveOptions): Promise<FlistInfo> {
    return uploadArchive(this.#session, archive, name, options)
  }

  /**
   * Removes a flist, or a link and not its target, from one's own repository; with `taglink` a link to a tag. Links to it
   * are left leading nowhere.
   *
   * @throws HubError `not-found`, `mismatch` when it is still there
   */
  async delete(name: string, options: CallOptions & { readonly taglink?: boolean } = {}): Promise<void> {
    if (options.taglink) return deleteTaglink(this.#session, name, options)
    checkStoredName(name)
    return deleteFlist(this.#session, name, options)
  }

  /**
   * Makes the link `name` lead to `source`, both in one's own repository, or moves it there, and reads it back.
   *
   * @throws HubError `not-found` when `source` is not there or leads nowhere, `is-a-file` when `name` is a flist,
   * `name-refused` when it would lead to itself, `mismatch`
   */
  link(source: string, name: string, options: CallOptions = {}): Promise<void> {
    return makeLink(this.#session, source, name, options)
  }

  /** As {@link link}, to a flist of another repository. One's own has to be there already. */
  crosslink(repository: string, source: string, name: string, options: CallOptions = {}): Promise<void> {
    return makeCrosslink(this.#session, repository, source, name, options)
  }

  /**
   * Makes the link `name`, without `.flist`, lead to a tag of a repository, or moves it there, and reads it back.
   *
   * @throws HubError `not-found` when there is no such tag, `is-a-file` when there is a flist of the name
   */
  crosstag(name: string, repository: string, tag: string, options: CallOptions = {}): Promise<void> {
    return makeTaglink(this.#session, name, repository, tag, options)
  }

  /** What a link to a tag leads to, as `alice.3bot/tags/v1`; undefined when there is none. */
  taglink(user: string, name: string, options: CallOptions = {}): Promise<string | undefined> {
    return readTaglink(this.#session, user, name, options)
  }

  /**
   * Puts a flist of any repository under a name into a tag of one's own, which is made when it is not there, or moves the
   * name to it.
   *
   * @throws HubError `not-found` when `source` is not there or leads nowhere, `mismatch`
   */
  tag(tag: string, name: string, repository: string, source: string, options: CallOptions = {}): Promise<void> {
    return addToTag(this.#session, { tag, name, repository, source }, options)
  }

  /**
   * Takes an entry out of a tag of one's own; a tag without entries is gone. The flist has to be there still: a hub refuses
   * to take out entries of what is gone.
   *
   * @throws HubError `not-found` when there is no such entry, or it leads to something else
   */
  untag(tag: string, name: string, repository: string, source: string, options: CallOptions = {}): Promise<void> {
    return removeFromTag(this.#session, { tag, name, repository, source }, options)
  }

  /** The entries of a tag. @throws HubError `not-found` */
  tags(user: string, tag: string, options: CallOptions = {}): Promise<readonly FlistListing[]> {
    return readTag(this.#session, user, tag, options)
  }

  /**
   * Gives a flist or a link of one's own another name. Links to the old one are left leading nowhere. On the hub it is one
   * step (`os.rename`): with `onLink: 'replace'` a link moves without a moment in which it is not there.
   *
   * @throws HubError `not-found`, `is-a-file` and `is-a-link` when the name is taken, `mismatch`
   */
  rename(from: string, to: string, options: RenameOptions = {}): Promise<void> {
    return renameFlist(this.#session, from, to, options)
  }

  /**
   * Copies a flist of any repository, links followed, to a name of one's own. A hub deletes what is copied onto itself, so
   * that is not sent, and neither is what is there already.
   *
   * @throws HubError `not-found`, `name-refused`, `is-a-file` and `is-a-link` when the name is taken, `mismatch`
   */
  promote(repository: string, source: string, name: string, options: OverwriteOptions = {}): Promise<void> {
    return promoteFlist(this.#session, repository, source, name, options)
  }

  /**
   * Lets the hub merge flists, written as `alice.3bot/name.flist`, the first one winning, and looks that it can read what
   * came of it.
   *
   * @throws HubError `not-found`, `name-refused`, `is-a-file` and `is-a-link` when the name is taken, `mismatch`
   */
  merge(name: string, sources: readonly string[], options: OverwriteOptions = {}): Promise<void> {
    return mergeFlists(this.#session, name, sources, options)
  }

  /**
   * Lets the hub convert a Docker image. The name of the flist follows from that of the image.
   *
   * @throws HubError `name-refused`, `rejected`, `is-a-file` and `is-a-link` when the name is taken, `mismatch`
   */
  docker(image: string, options: OverwriteOptions = {}): Promise<DockerConversion> {
    return convertDocker(this.#session, image, options)
  }

  /** Ends every open connection. */
  async close(): Promise<void> {
    await this.#session.transport.close()
  }
}
