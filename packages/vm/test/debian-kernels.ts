import { join } from 'node:path'
import { type DistributionKernel, fetchKernel } from '../src/boot/distribution-kernel.ts'

/** The kernel a Debian package stands for now, kept in the clone's cache. */
export function debianKernel(metaPackage: string): Promise<DistributionKernel> {
  return fetchKernel(
    metaPackage,
    join(import.meta.dirname, '..', '..', '..', 'node_modules', '.cache', 'debian-kernels'),
  )
}
