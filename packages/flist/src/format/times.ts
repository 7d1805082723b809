const MAX_TIME = 0xffffffff

/**
 * Seconds since the epoch as a flist can store them, 1970 to 2106: times outside become the nearest end. (The
 * reference stores them modulo 2³², so that 2120 becomes 1983.)
 */
export function clampTime(seconds: number): number {
  return Math.min(Math.max(seconds, 0), MAX_TIME)
}
