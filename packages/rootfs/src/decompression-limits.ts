import { RootfsError } from './error.ts'

/** What a blob may become. It is decompressed as it is read, so these bound time, not memory. */
export type DecompressionLimits = {
  /** Plain bytes at most; default 4 TiB. */
  readonly plainBytes?: number
  /**
   * Plain bytes for each compressed byte at most, where the compressed size is known; default 200. Real layers stay below
   * 20, but for sparse files, of which {@link ratioFrom} leaves room for some.
   */
  readonly ratio?: number
  /** Plain bytes that may be made of however few; default 8 GiB. */
  readonly ratioFrom?: number
}

export const DEFAULT_DECOMPRESSION_LIMITS: Required<DecompressionLimits> = {
  plainBytes: 4 * 1024 ** 4,
  ratio: 200,
  ratioFrom: 8 * 1024 ** 3,
}

/**
 * Passes plain bytes on until there are too many.
 *
 * @param name what the blob is called in messages
 * @param compressedBytes size of what they are made of, as its descriptor or its file says
 * @throws RootfsError `limit`, before the byte too many is passed on
 */
export async function* limitPlainBytes(
  plain: AsyncIterable<Uint8Array>,
  name: string,
  compressedBytes: number | undefined,
  limits: DecompressionLimits,
): AsyncGenerator<Uint8Array> {
  const { plainBytes, ratio, ratioFrom } = { ...DEFAULT_DECOMPRESSION_LIMITS, ...limits }
  const byRatio =
    compressedBytes === undefined ? Number.POSITIVE_INFINITY : Math.max(ratioFrom, compressedBytes * ratio)
  let length = 0
  for await (const bytes of plain) {
    length += bytes.length
    if (length > plainBytes) throw bomb(name, `it has more than ${plainBytes} bytes when decompressed`)
    if (length > byRatio) {
      throw bomb(name, `its ${compressedBytes} bytes become more than ${byRatio}, which is over ${ratio} for one`)
    }
    yield bytes
  }
}

function bomb(name: string, problem: string): RootfsError {
  return new RootfsError('limit', `${name}: ${problem}; raise the limit if this is meant`)
}
