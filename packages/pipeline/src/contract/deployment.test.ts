import { expect, test } from 'vitest'
import { withDefaults } from './deployment.ts'

test('the variables of a deployment join those of the image, and win', () => {
  const image = { imageEntrypoint: ['/app'], environment: { PATH: '/opt/bin', A: '1' } }
  expect(withDefaults({ environment: { A: '2', B: '3' } }, image)).toEqual({
    imageEntrypoint: ['/app'],
    environment: { PATH: '/opt/bin', A: '2', B: '3' },
  })
  const plain: { readonly memory: number; readonly environment?: Record<string, string> } = { memory: 512 }
  expect(withDefaults(plain, image)).toEqual({ ...image, memory: 512 })
})
