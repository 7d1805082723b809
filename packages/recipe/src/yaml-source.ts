import { readPlainSource } from './plain-source.ts'
import type { Location, Report } from './problem.ts'

/** The keys and indexes that lead to a value of a YAML file. */
export type YamlPath = readonly PropertyKey[]

/** A YAML file that was read, with the place of every value in it. */
export type YamlSource = {
  readonly file: string
  /** Plain data: null, booleans, numbers, strings, arrays and objects. */
  readonly value: unknown
  /** Where the value at `path` starts; where its nearest parent starts when there is no such value. */
  at(path: YamlPath): Location
  /** Where the key that ends `path` stands. */
  atKey(path: YamlPath): Location
  /** Where a line and column (from 1) inside the text of the string at `path` stand in the file. */
  within(path: YamlPath, line: number, column: number): Location
}

/**
 * Reads YAML 1.2. Syntax errors, duplicate keys and unknown tags are reported with their place; then nothing is returned.
 * What reads all of YAML is loaded for the first file that is not written in the usual way.
 */
export async function readYaml(file: string, text: string, report: Report): Promise<YamlSource | undefined> {
  const plain = readPlainSource(file, text)
  if (plain) return plain
  const { readAnyYaml } = await import('./any-yaml.ts')
  return readAnyYaml(file, text, report)
}
