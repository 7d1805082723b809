import { createCipheriv } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:net'
import { join } from 'node:path'
import { snappyCompress, snappyDecompress } from '../packages/flist/src/codec/reference/snappy.ts'
import { xxteaEncrypt } from '../packages/flist/src/codec/reference/xxtea.ts'
import {
  blake2b,
  CHUNK_SIZE,
  FL_CHUNKS,
  FLIST_CHUNKS,
  FlistError,
  openChunkStore,
} from '../packages/flist/src/index.ts'
import { openKnownChunks } from '../packages/flist/src/stores/known-chunks.ts'
import { inDirectory } from '../packages/flist/test/raw-flist.ts'
import { bulk } from '../packages/flist/test/resp-server.ts'
import { withInputFile } from './input-folder.ts'
import type { Target } from './target.ts'

/** What a chunk is before it is encrypted; the key is that of what it decompresses to, where that is possible. */
function keyOf(compressed: Buffer, length: number): Uint8Array {
  try {
    return blake2b(snappyDecompress(compressed, CHUNK_SIZE), length)
  } catch {
    return new Uint8Array(length)
  }
}

function decodeFlistChunk(compressed: Buffer): void {
  const key = keyOf(compressed, FLIST_CHUNKS.keyBytes)
  FLIST_CHUNKS.decode(xxteaEncrypt(compressed, key), key)
}

function decodeFlChunk(compressed: Buffer): void {
  const key = keyOf(compressed, FL_CHUNKS.keyBytes)
  const cipher = createCipheriv('aes-256-gcm', key, key.subarray(0, 12))
  FL_CHUNKS.decode(Buffer.concat([cipher.update(compressed), cipher.final(), cipher.getAuthTag()]), key)
}

const compressedSeeds = ['hello\n', 'abc'.repeat(1000), Array.from({ length: 300 }, (_, n) => n).join(' ')].map(
  (text) => Buffer.from(snappyCompress(Buffer.from(text))),
)

/** A chunk as it is stored, behind its key: what a store may have made of it. */
const storedSeeds = ['hello\n', 'x'.repeat(500)].map((text) => {
  const { key, data } = FLIST_CHUNKS.encode(Buffer.from(text))
  return Buffer.concat([key, data])
})

const KNOWN_HEADER = 16
const PAIR = 32
const SUM = 16

/** Keys and ids, in turns, of one letter each. */
const knownPairs = (letters: string) => Buffer.from([...letters].map((letter) => letter.repeat(16)).join(''))

/** Two blocks of a table of known chunks. */
function knownSeed(): Promise<Buffer> {
  return inDirectory(async (folder) => {
    const file = join(folder, 'known')
    openKnownChunks(file).remember(knownPairs('ab'))
    openKnownChunks(file).remember(knownPairs('cdef'))
    return readFile(file)
  })
}

/** Gives each block that is there as a whole the checksum it should have. */
function repairKnown(table: Buffer): Buffer {
  for (let at = KNOWN_HEADER; at + 4 <= table.length; ) {
    const end = at + 4 + PAIR * table.readUInt32LE(at)
    if (end + SUM > table.length) break
    table.set(blake2b(table.subarray(at, end), SUM), end)
    at = end + SUM
  }
  return table
}

/** A table is never refused: what is wrong with it makes it empty. */
function readKnown(input: Buffer): Promise<void> {
  return withInputFile(input, 'known', (path) => {
    const known = openKnownChunks(path)
    for (const byte of 'acegx') {
      const id = known.idOf(knownPairs(byte), 0)
      if (id !== undefined && id.length !== 16) throw new Error(`an id of ${id.length} bytes`)
    }
    known.remember(knownPairs('ki'))
    const id = known.idOf(knownPairs('k'), 0)
    if (id === undefined || Buffer.compare(id, knownPairs('i')) !== 0) throw new Error('it does not remember')
  })
}

/** Where the answers to SELECT and to EXISTS end in the seed. */
const SELECTED = 5
const ASKED = 13

/** A server that gives the same answers to whoever connects, whatever is asked, and hangs up. */
let server: Promise<Server> | undefined
let answer: Buffer = Buffer.alloc(0)

function startServer(): Promise<Server> {
  return new Promise((resolve) => {
    const started = createServer((socket) => {
      socket.on('error', () => {})
      socket.once('data', () => {
        socket.write(answer.subarray(0, SELECTED))
        socket.once('data', () => {
          socket.write(answer.subarray(SELECTED, ASKED))
          socket.once('data', () => socket.end(answer.subarray(ASKED)))
        })
      })
    })
    started.listen(0, '127.0.0.1', () => resolve(started.unref()))
  })
}

const CHUNK = FLIST_CHUNKS.encode(Buffer.from('hello\n'))

/** Answers to SELECT, EXISTS, EXISTS and GET. */
const zdbSeed = Buffer.concat([Buffer.from('+OK\r\n:1\r\n:0\r\n'), bulk(CHUNK.data)])

async function askZdb(input: Buffer): Promise<void> {
  server ??= startServer()
  const address = (await server).address()
  answer = input
  const port = typeof address === 'object' ? address?.port : undefined
  const store = await openChunkStore(`zdb://127.0.0.1:${port}/default`, {
    timeoutMs: 100,
    connections: 1,
    // What the server says does not get better by asking again.
    patience: { attempts: 1, firstPauseMs: 1, deadlineMs: 200 },
  })
  try {
    await store.missing([CHUNK.id, Buffer.alloc(16)])
    await store.get(CHUNK.id)
  } finally {
    await store.close()
  }
}

export async function storeTargets(): Promise<Target[]> {
  const refusal = FlistError
  return [
    { name: 'flist-chunk', weight: 8, seeds: compressedSeeds, read: decodeFlistChunk, refusal },
    { name: 'fl-chunk', weight: 8, seeds: compressedSeeds, read: decodeFlChunk, refusal },
    {
      name: 'stored-chunk',
      weight: 4,
      seeds: storedSeeds,
      read: (input) => FLIST_CHUNKS.decode(input.subarray(16), input.subarray(0, 16)),
      refusal,
    },
    { name: 'known-chunks', weight: 4, seeds: [await knownSeed()], repair: repairKnown, read: readKnown },
    { name: 'zdb-answers', weight: 2, seeds: [zdbSeed], read: askZdb, refusal },
  ]
}
