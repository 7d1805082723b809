import { expect, test } from 'vitest'
import { chunkServersOf } from './settings.ts'

test.each([
  ['https://hub.grid.tf', 'hub.grid.tf'],
  ['http://127.0.0.1:8077/', '127.0.0.1'],
  ['http://[::1]:8077/hub', '[::1]'],
])('the chunks of %s are at its host', (hub, host) => {
  expect(chunkServersOf(hub)).toEqual({ gateway: `hub://${host}:9980`, backend: `zdb://${host}:9900/default` })
})

test.each(['', 'hub.grid.tf', 'user:secret@hub'])('"%s" is no URL with a host, and not shown', (hub) => {
  expect(() => chunkServersOf(hub)).toThrow(/^hub URL: has no host; use one like "https:\/\/hub\.grid\.tf"$/)
})
