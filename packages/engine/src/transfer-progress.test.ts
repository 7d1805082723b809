import { expect, test } from 'vitest'
import type { EngineMessage } from './engine-messages.ts'
import { createTransferProgress } from './transfer-progress.ts'

function texts(messages: readonly EngineMessage[]): string[] {
  const progress = createTransferProgress()
  return messages.flatMap((message) => progress(message)?.text ?? [])
}

test('a push of two layers, thousands of messages long, is a dozen lines', () => {
  const ticks = Array.from({ length: 5000 }, (_, index) => ({
    status: 'Pushing',
    id: 'aaa',
    current: (index + 1) * 20_000,
    total: 100_000_000,
  }))
  const seen = texts([
    { status: 'The push refers to repository [r/n]' },
    { status: 'Preparing', id: 'aaa' },
    { status: 'Preparing', id: 'bbb' },
    { status: 'Layer already exists', id: 'bbb' },
    ...ticks,
    { status: 'Pushed', id: 'aaa' },
    { status: '1: digest: sha256:00 size: 528' },
  ])
  expect(seen).toHaveLength(14)
  expect(seen.slice(0, 3)).toEqual([
    'The push refers to repository [r/n]',
    'bbb: Layer already exists',
    'Pushing 10.0 of 100.0 MB, 1 of 2 layers done',
  ])
  expect(seen.slice(-3)).toEqual([
    'Pushing 100.0 of 100.0 MB, 1 of 2 layers done',
    'aaa: Pushed',
    '1: digest: sha256:00 size: 528',
  ])
})

test('a pull adds its layers up; what comes back to less is not shown again', () => {
  const seen = texts([
    { status: 'Pulling fs layer', id: 'aaa' },
    { status: 'Downloading', id: 'aaa', current: 5_000_000, total: 10_000_000 },
    { status: 'Downloading', id: 'bbb', current: 1_000_000, total: 10_000_000 },
    { status: 'Downloading', id: 'aaa', current: 12_000_000, total: 10_000_000 },
    { status: 'Extracting', id: 'aaa', current: 1, total: 2 },
    { status: 'Pull complete', id: 'aaa' },
  ])
  expect(seen).toEqual(['Downloading 5.0 of 10.0 MB, 0 of 1 layers done', 'aaa: Pull complete'])
})
