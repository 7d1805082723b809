import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { debianKernel } from '../../test/debian-kernels.ts'
import { extractKernel } from './extract-kernel.ts'
import { describeKernel } from './kernel-image.ts'

test.each(['linux-image-amd64', 'linux-image-cloud-amd64'])('the kernel of %s', async (metaPackage) => {
  const { vmlinuz, release } = await debianKernel(metaPackage)
  const image = await readFile(vmlinuz)
  expect(describeKernel(image)).toMatchObject({ format: 'bzimage', release })
  const { elf, release: extracted } = extractKernel(image, vmlinuz)
  expect(extracted).toBe(release)
  expect(elf.length).toBeGreaterThan(20 << 20)
  expect(describeKernel(elf)).toMatchObject({ format: 'elf', architecture: 'x86-64', bits: 64, truncated: false })
})
