import fc from 'fast-check'
import { expect, test } from 'vitest'
import { applyNaively, type FlatTree, OutsideModel } from '../test/overlay-model.ts'
import { applyLayers } from './apply-layers.ts'
import type { Layer, LayerEntry } from './layer.ts'
import type { DirectoryNode } from './tree.ts'
import { walkTree } from './walk-tree.ts'

const name = fc.constantFrom('a', 'b', 'c')
const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((names) => names.join('/'))
const mode = fc.constantFrom(0o644, 0o600, 0o755)
const common = { uid: fc.constant(0), gid: fc.constant(0), mtime: fc.constant(0), path }

const entry: fc.Arbitrary<LayerEntry<string>> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ ...common, mode, type: fc.constant('directory' as const) }) },
  {
    weight: 4,
    arbitrary: fc
      .record({ ...common, mode, type: fc.constant('file' as const), content: fc.string({ maxLength: 3 }) })
      .map((file) => ({ ...file, size: file.content.length })),
  },
  fc.record({ ...common, mode: fc.constant(0o777), type: fc.constant('symlink' as const), target: path }),
  fc.record({ ...common, mode, type: fc.constant('hardlink' as const), target: path }),
  { weight: 2, arbitrary: fc.record({ type: fc.constantFrom('whiteout' as const, 'opaque' as const), path }) },
)

const layers = fc
  .array(fc.array(entry, { maxLength: 8 }), { minLength: 1, maxLength: 4 })
  .map((stack) => stack.map((entries, index): Layer<string> => ({ name: `layer ${index}`, entries })))

/** Both trees in one form: per path what is there, and the first path of the same inode. */
function flatten(root: DirectoryNode<string>): Map<string, unknown> {
  const first = new Map<unknown, string>()
  const flat = new Map<string, unknown>()
  for (const { path, node } of walkTree(root)) {
    if (path === '') continue
    if (!first.has(node)) first.set(node, path)
    const data = node.type === 'file' ? node.content : node.type === 'symlink' ? node.target : ''
    flat.set(path, { inode: first.get(node), type: node.type, data, mode: node.mode })
  }
  return flat
}

function flattenModel(tree: FlatTree): Map<string, unknown> {
  const first = new Map<number, string>()
  const components = (path: string) => path.replaceAll('/', '\0') // so that a directory sorts right before its content
  const sorted = [...tree].sort(([a], [b]) => (components(a) < components(b) ? -1 : 1))
  return new Map(
    sorted.map(([path, { inode, ...rest }]) => {
      if (!first.has(inode)) first.set(inode, path)
      return [path, { inode: first.get(inode), ...rest }]
    }),
  )
}

function model(stack: readonly Layer<string>[]): FlatTree | undefined {
  try {
    return applyNaively(stack)
  } catch (error) {
    if (error instanceof OutsideModel) return undefined
    throw error
  }
}

test('any stack of layers is the tree that a naive model of the rules makes of it', () => {
  fc.assert(
    fc.property(layers, (stack) => {
      const expected = model(stack)
      fc.pre(expected !== undefined)
      expect([...flatten(applyLayers(stack))]).toEqual([...flattenModel(expected)])
    }),
    { numRuns: 2000 },
  )
})
