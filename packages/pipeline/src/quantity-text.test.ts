import { expect, test } from 'vitest'
import { formatBytes, formatLayers, formatSeconds } from './quantity-text.ts'

test.each([
  [0, '0 bytes'],
  [999, '999 bytes'],
  [1000, '1.00 kB'],
  [12_345_678, '12.3 MB'],
  [999_999_999_999_999, '1000 TB'],
])('%d bytes', (bytes, text) => {
  expect(formatBytes(bytes)).toBe(text)
})

test('seconds have one decimal while they are few', () => {
  expect([formatSeconds(123), formatSeconds(9_960), formatSeconds(61_000)]).toEqual(['0.1 s', '10 s', '61 s'])
})

test('layers from the cache are told from converted ones', () => {
  expect(formatLayers({ total: 7, cached: 5 })).toBe('2 of 7 layers converted, 5 from cache')
})
