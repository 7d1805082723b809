import { type FidelityClass, type FidelitySeverity, fidelityClasses, fidelityClassNames } from './classes.ts'

export type FidelityExample = {
  /** For people: UTF-8, with a leading slash; `config.User` for a field of the image config */
  readonly path: string
  /** The exact bytes, where `path` cannot have them */
  readonly pathHex?: string
  /** What it means for who uses the flist, to be read after the path: `loses cap_net_raw+ep: ping needs root` */
  readonly consequence: string
}

/** All differences of one class. */
export type FidelityFinding = {
  readonly class: FidelityClass
  readonly severity: FidelitySeverity
  readonly count: number
  /** The first of them */
  readonly examples: readonly FidelityExample[]
}

/** Findings as they are made. Examples beyond the limit are counted and their texts never made. */
export type FindingCollector = {
  /** @param path byte string, as trees have it */
  addPath(name: FidelityClass, path: string, consequence: () => string): void
  addField(name: FidelityClass, field: string, consequence: string): void
  /** In the order of the classes. */
  finish(): FidelityFinding[]
}

export type CollectorOptions = {
  /** Examples kept per class */
  readonly limit?: number
  /** Classes that are no differences here */
  readonly without?: ReadonlySet<FidelityClass>
}

export function collectFindings({ limit = 10, without = new Set() }: CollectorOptions = {}): FindingCollector {
  const found = new Map<FidelityClass, { count: number; examples: FidelityExample[] }>()
  const add = (name: FidelityClass, example: () => FidelityExample) => {
    if (without.has(name)) return
    const finding = found.get(name) ?? { count: 0, examples: [] }
    found.set(name, finding)
    finding.count += 1
    if (finding.examples.length < limit) finding.examples.push(example())
  }
  return {
    addPath: (name, path, consequence) => add(name, () => ({ ...pathForPeople(path), consequence: consequence() })),
    addField: (name, path, consequence) => add(name, () => ({ path, consequence })),
    finish: () =>
      fidelityClassNames.flatMap((name) => {
        const finding = found.get(name)
        return finding ? [{ class: name, severity: fidelityClasses[name].severity, ...finding }] : []
      }),
  }
}

/** A path of a tree (byte string) as reports have it: UTF-8 with a leading slash, and exactly where that is not exact. */
export function pathForPeople(path: string): { readonly path: string; readonly pathHex?: string } {
  const bytes = Buffer.from(path, 'latin1')
  const text = bytes.toString('utf8')
  const exact = Buffer.from(text, 'utf8').equals(bytes)
  return { path: `/${text}`, ...(exact ? {} : { pathHex: bytes.toString('hex') }) }
}

/** Text with names of an image for a terminal: they must not move the cursor, forge a line or turn the order of the text. */
export function escapeControls(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escaping them is the purpose
  const unsafe = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069]/g
  return text.replace(unsafe, (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
