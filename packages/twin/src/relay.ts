import { connect, createServer, type Server, type Socket } from 'node:net'
import { DelayLine } from './delay-line.ts'
import { effectOf, type FaultEffect, type Faults, type TwinServer } from './faults.ts'
import type { Address } from './listener.ts'

/** One direction of a relayed connection. */
type Direction = {
  readonly from: Socket
  readonly to: Socket
  readonly delay: () => number
  /** After how many bytes the connection is cut; never, unless given. */
  readonly cutAfter: number | undefined
}

/**
 * Stands in front of a server of the twin when a test has its faults in hand: it delays both directions, and cuts
 * connections after any byte. The server behind it knows nothing of this.
 */
export function createRelay(server: TwinServer, behind: Address, faults: Faults): Server {
  return createServer({ allowHalfOpen: true, noDelay: true }, (client) => {
    const effects = faults.enter(server, 'connection', 'connection')
    const inner = connect({ ...behind, allowHalfOpen: true, noDelay: true })
    let handshake = true
    const requestDelay = (): number => {
      const { request, response } = faults.latencyOf(server)
      const delay = handshake ? 2 * request + response : request
      handshake = false
      return delay
    }
    const cut = (): void => {
      client.resetAndDestroy()
      inner.resetAndDestroy()
    }
    carry({ from: client, to: inner, delay: requestDelay, cutAfter: cutOf(effects, 'drop-request') }, cut)
    const responseDelay = (): number => faults.latencyOf(server).response
    carry({ from: inner, to: client, delay: responseDelay, cutAfter: cutOf(effects, 'drop-response') }, cut)
  })
}

function carry({ from, to, delay, cutAfter }: Direction, cut: () => void): void {
  let left = cutAfter ?? Number.POSITIVE_INFINITY
  const line = new DelayLine((bytes) => {
    if (to.destroyed) return
    if (left === Number.POSITIVE_INFINITY || bytes.length < left) {
      left -= bytes.length
      if (to.write(bytes) && !line.full) from.resume()
      return
    }
    const last = bytes.subarray(0, left)
    line.stop()
    // The bytes before the cut arrive; a reset could overtake them.
    if (last.length > 0) to.write(last, () => setTimeout(cut, 1))
    else cut()
  })
  from.on('data', (bytes: Buffer) => {
    line.push(bytes, delay())
    if (line.full || to.writableNeedDrain) from.pause()
  })
  to.on('drain', () => from.resume())
  from.on('end', () => line.afterwards(() => to.end(), delay()))
  from.on('error', () => line.afterwards(() => to.resetAndDestroy(), delay()))
  to.on('close', () => from.resume())
}

function cutOf(effects: readonly FaultEffect[], kind: 'drop-request' | 'drop-response'): number | undefined {
  return effectOf(effects, kind)?.after
}
