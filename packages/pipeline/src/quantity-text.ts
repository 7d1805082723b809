import type { LayerCount } from './image-layers.ts'

/** `2 of 7 layers converted, 5 from cache` */
export function formatLayers({ total, cached }: LayerCount): string {
  return `${total - cached} of ${total} layers converted, ${cached} from cache`
}

/** Decimal units, three digits: `12.3 MB`. */
export function formatBytes(bytes: number): string {
  if (bytes < 1000) return `${bytes} bytes`
  const units = ['kB', 'MB', 'GB', 'TB'] as const
  // 999.5 of a unit would be written as 1000
  const power = Math.min(Math.floor(Math.log10(bytes * (1000 / 999.5)) / 3), units.length)
  const value = bytes / 1000 ** power
  return `${value < 999.5 ? value.toPrecision(3) : Math.round(value)} ${units[power - 1]}`
}

export function formatSeconds(milliseconds: number): string {
  return `${(milliseconds / 1000).toFixed(milliseconds < 9950 ? 1 : 0)} s`
}
