import { lookup as systemLookup } from 'node:dns'
import { BlockList, isIP, type LookupFunction } from 'node:net'

const PRIVATE = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16], // the metadata services of clouds live here
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 96], // ::, ::1 and the abandoned IPv4-compatible addresses
  ['64:ff9b:1::', 48],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  PRIVATE.addSubnet(network, prefix, 'ipv6')
}

/**
 * Whether an IP address is not one of the public internet: loopback, private, link-local, shared, multicast or reserved
 * (IANA's special-purpose registries). An IPv4 address inside an IPv6 one counts as what it is.
 */
export function isPrivateAddress(address: string): boolean {
  const withoutZone = address.split('%', 1)[0] ?? address
  return PRIVATE.check(withoutZone, isIP(withoutZone) === 6 ? 'ipv6' : 'ipv4')
}

/**
 * Whether a registry's host is this machine by its text alone: `localhost`, `127.0.0.0/8` or `[::1]`, with or without a
 * port. Docker speaks plain HTTP to these.
 */
export function isLoopbackHost(registry: string): boolean {
  const host = registry.replace(/:[0-9]+$/, '')
  if (host === 'localhost' || host === '[::1]') return true
  return isIP(host) === 4 && host.startsWith('127.')
}

/** The host of a URL as the DNS and `node:net` want it: without the brackets of an IPv6 address. */
export function bareHost(url: URL): string {
  return url.hostname.replace(/^\[(.*)\]$/, '$1')
}

/** Thrown by a connection whose host turned out to have an address that is not allowed. */
export class PrivateAddressError extends Error {
  readonly code = 'EPRIVATE'
}

/**
 * A lookup for `net.connect` that fails when the name has any address `isPrivate` says yes to. Checking here, where the
 * connection is made, leaves no gap in which the name could change its address (DNS rebinding).
 */
export function guardedLookup(isPrivate: (address: string) => boolean): LookupFunction {
  return (hostname, options, callback) => {
    systemLookup(hostname, { ...options, all: true }, (error, addresses) => {
      const found = addresses?.find(({ address }) => isPrivate(address))
      const [first] = addresses ?? []
      if (error !== null) callback(error, '')
      else if (found !== undefined) callback(new PrivateAddressError(`${hostname} is at ${found.address}`), '')
      else if (options.all || first === undefined) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }
}
