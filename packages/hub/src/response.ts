import type { Dispatcher } from 'undici'

/** The headers of an answer, the first one where there are several of a name. */
export function headersOf(response: Dispatcher.ResponseData): Record<string, string | undefined> {
  const headers = Object.entries(response.headers)
  return Object.fromEntries(headers.map(([name, value]) => [name, Array.isArray(value) ? value[0] : value]))
}

/** A body as text; undefined when it is longer than `limit` bytes. */
export async function readText(body: AsyncIterable<Uint8Array>, limit: number): Promise<string | undefined> {
  const pieces: Uint8Array[] = []
  let length = 0
  for await (const piece of body) {
    length += piece.length
    if (length > limit) return undefined
    pieces.push(piece)
  }
  return Buffer.concat(pieces).toString()
}
