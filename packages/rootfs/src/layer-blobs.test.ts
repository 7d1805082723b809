import { gzipSync, zstdCompressSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { type Fixtures, file, once, show, symlink, tarOf, textStore } from '../test/layer-builder.ts'
import { END, slices } from '../test/tar-builder.ts'
import { applyLayers } from './apply-layers.ts'
import { decompress } from './decompress.ts'
import { readLayer } from './layer-reader.ts'

/** The tree of an image of one layer, from the blob as a registry serves it. */
async function tree(blob: Buffer, sliceSize?: number): Promise<Record<string, string>> {
  const source = sliceSize === undefined ? once(blob) : slices(blob, sliceSize)
  return show(applyLayers([await readLayer(decompress(source), textStore())]))
}

/** The entries of each fixture set as bytes without the end of an archive. */
const entries = async (fixtures: Fixtures) => (await tarOf(fixtures)).subarray(0, -END.length)

const LANDMARK = Buffer.from([0xf])

describe('estargz (stargz-snapshotter, docs/estargz.md)', () => {
  /**
   * A gzip member per entry, the landmark behind what is to be fetched first, the table of contents as the last entry, and
   * the footer, an empty member whose extra field has the offset of the table.
   */
  async function estargz(landmark: string): Promise<Buffer> {
    const toc = JSON.stringify({ version: 1, entries: [{ name: 'bin/sh', type: 'reg', size: 5 }] })
    const members = [
      await entries({ 'bin/sh': file('shell') }),
      await entries({ [landmark]: { ...file(), content: LANDMARK } }),
      await entries({ 'etc/passwd': file('root') }),
      Buffer.concat([await entries({ 'stargz.index.json': file(toc) }), END]),
    ].map((member) => gzipSync(member))
    const offset = members.slice(0, -1).reduce((sum, member) => sum + member.length, 0)
    return Buffer.concat([...members, footer(offset)])
  }

  /** RFC 1952 with FEXTRA: subfield `SG`, 22 bytes. */
  function footer(offset: number): Buffer {
    const header = Buffer.from([0x1f, 0x8b, 8, 4, 0, 0, 0, 0, 0, 255, 26, 0, 0x53, 0x47, 22, 0])
    const field = Buffer.from(`${offset.toString(16).padStart(16, '0')}STARGZ`)
    return Buffer.concat([header, field, Buffer.from([1, 0, 0, 255, 255]), Buffer.alloc(8)])
  }

  // The snapshotter hides these three names. To an engine without it the layer is "a valid gzip-compressed layer", so
  // Docker, containerd and umoci unpack them as the files they are, and a flist is equal to what those show.
  test.each(['.prefetch.landmark', '.no.prefetch.landmark'])('with %s is what Docker unpacks', async (landmark) => {
    const blob = await estargz(landmark)
    for (const size of [undefined, 7]) {
      expect(await tree(blob, size)).toEqual({
        [landmark]: 'file "\\u000f"',
        bin: 'directory',
        'bin/sh': 'file "shell"',
        etc: 'directory',
        'etc/passwd': 'file "root"',
        'stargz.index.json': expect.stringContaining('bin/sh'),
      })
    }
  })
})

describe('zstd:chunked (containers/storage, pkg/chunked)', () => {
  test('is its frames; the table of contents and the footer are frames to skip', async () => {
    const skippable = (content: Buffer) => {
      const header = Buffer.from([0x50, 0x2a, 0x4d, 0x18, 0, 0, 0, 0])
      header.writeUInt32LE(content.length, 4)
      return Buffer.concat([header, content])
    }
    const tar = await tarOf({ a: file('x'.repeat(3000)), b: symlink('a') })
    const frames = [0, 512, 2000, 3584].map((start, n, all) => zstdCompressSync(tar.subarray(start, all[n + 1])))
    const toc = skippable(zstdCompressSync(Buffer.from('{"version":1,"entries":[]}')))
    const blob = Buffer.concat([...frames, toc, skippable(Buffer.alloc(64, 'GNUlInUx'))])
    for (const size of [undefined, 13]) {
      expect(await tree(blob, size)).toEqual({ a: `file ${JSON.stringify('x'.repeat(3000))}`, b: '-> a' })
    }
  })
})

describe('gzip', () => {
  test('of several members, cut anywhere in the tar, is one layer', async () => {
    const tar = await tarOf({ a: file('x'.repeat(3000)), 'd/e': file('y') })
    const expected = await tree(tar)
    for (const cuts of [[1], [512, 513], [0, 0, 4000], [tar.length - 1]]) {
      const bounds = [0, ...cuts, tar.length]
      const members = bounds.slice(1).map((end, n) => gzipSync(tar.subarray(bounds[n], end)))
      expect(await tree(Buffer.concat(members)), String(cuts)).toEqual(expected)
    }
  })
})

describe('an empty layer changes nothing:', () => {
  // The second is what Docker before 1.10 had for every step without files: sha256:a3ed95ca…
  test.each<[string, Buffer]>([
    ['the end of an archive', END],
    ['the same, gzip', gzipSync(END)],
    ['the same, zstd', zstdCompressSync(END)],
    ['gzip of nothing', gzipSync('')],
    ['no bytes', Buffer.alloc(0)],
  ])('%s', async (_, blob) => {
    expect(await tree(blob)).toEqual({})
  })
})
