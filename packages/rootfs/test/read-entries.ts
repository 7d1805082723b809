import type { TarHeader } from '../src/tar-header.ts'
import { readTar, type TarOptions } from '../src/tar-reader.ts'
import { END, slices } from './tar-builder.ts'

/** An entry and its content as latin1 text. */
export type Read = TarHeader & { readonly content: string }

/** All entries of an archive. */
export async function read(archive: Buffer | AsyncIterable<Buffer>, options: TarOptions = {}): Promise<Read[]> {
  const entries: Read[] = []
  let content = ''
  let header: TarHeader | undefined
  const source = Buffer.isBuffer(archive) ? slices(archive) : archive
  await readTar(
    source,
    {
      entry: (next) => {
        header = next
        content = ''
      },
      data: (bytes) => {
        content += Buffer.from(bytes).toString('latin1')
      },
      end: () => {
        if (header !== undefined) entries.push({ ...header, content })
        header = undefined
      },
    },
    options,
  )
  return entries
}

/** Members and the two blocks that end an archive. */
export const archive = (...parts: Buffer[]) => Buffer.concat([...parts, END])
/** The first entry of an archive of these members. */
export const only = async (...parts: Buffer[]): Promise<Partial<Read>> => (await read(archive(...parts)))[0] ?? {}
/** The error that reading an archive, called `layer 3`, ends in. */
export const fails = (input: Buffer, options?: TarOptions) =>
  read(input, { name: 'layer 3', ...options }).catch((error) => error)
