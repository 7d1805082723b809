import { describe, expect, test } from 'vitest'
import { link, testTree, tree } from '../../test/trees.ts'
import { resolvePath } from './path-resolution.ts'

const sample = testTree(
  tree({
    'boot/kernel': '',
    'boot/near': link('kernel'),
    'boot/far': link('../boot/./near'),
    'boot/full': link('/boot/kernel'),
    'boot/out': link('../../boot/kernel'),
    'boot/gone': link('nothing'),
    'boot/circle': link('circle'),
    'boot/through': link('kernel/x'),
    b: link('boot'),
  }),
)
const found = (path: string) => ({ kind: 'found', path, entry: expect.anything() })
const leads = (kind: string, name: string, target: string) => ({ kind, link: `boot/${name}`, target })

describe.each([
  ['boot/kernel', found('boot/kernel'), found('boot/kernel')],
  ['/boot//kernel/', found('boot/kernel'), found('boot/kernel')],
  ['boot/far', found('boot/kernel'), found('boot/kernel')],
  ['b/near', found('boot/kernel'), found('boot/kernel')],
  ['boot/full', leads('absolute', 'full', '/boot/kernel'), found('boot/kernel')],
  ['boot/out', leads('escapes', 'out', '../../boot/kernel'), found('boot/kernel')],
  ['boot/gone', leads('dangling', 'gone', 'nothing'), leads('dangling', 'gone', 'nothing')],
  ['boot/circle', leads('dangling', 'circle', 'circle'), leads('dangling', 'circle', 'circle')],
  ['boot/through', leads('dangling', 'through', 'kernel/x'), leads('dangling', 'through', 'kernel/x')],
  ['boot/nothing', { kind: 'absent' }, { kind: 'absent' }],
  ['b/nothing', { kind: 'absent' }, { kind: 'absent' }],
  ['', found(''), found('')],
])('%s', (path, forNode, forGuest) => {
  test('from the node', async () => expect(await resolvePath(sample, path, 'node')).toEqual(forNode))
  test('from the guest', async () => expect(await resolvePath(sample, path, 'guest')).toEqual(forGuest))
})
