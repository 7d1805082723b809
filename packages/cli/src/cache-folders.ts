import { homedir } from 'node:os'
import { join } from 'node:path'

const cacheFolder = (name: string) => join(homedir(), '.cache', 'flist', name)

/** Where kernels of containers are kept unless told otherwise. */
export const kernelFolder = (): string => cacheFolder('kernels')

/** Where packages of bootstraps are kept unless told otherwise. */
export const packageFolder = (): string => cacheFolder('packages')

/** Where chunks of flists that were fetched for a boot are kept unless told otherwise. */
export const chunkFolder = (): string => cacheFolder('chunks')
