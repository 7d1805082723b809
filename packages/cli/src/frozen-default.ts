import { readLock } from '@tf-images/recipe'

/** A lock that nobody checks is none: what builds unattended goes by it. */
export async function isFrozenByDefault(root: string): Promise<boolean> {
  return /^(?:1|true)$/.test(process.env.CI ?? '') && (await readLock(root)) !== undefined
}
