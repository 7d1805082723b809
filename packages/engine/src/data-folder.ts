import type { Engine } from './connection.ts'
import { engineFailure } from './failures.ts'

/**
 * The folder on whose disk an engine of this machine keeps images; undefined for one that is reached otherwise than by a socket, or
 * does not say.
 *
 * @throws EngineError 'refused'
 */
export async function dataFolder({ docker, address }: Engine): Promise<string | undefined> {
  if (!('socketPath' in address)) return undefined
  try {
    const info: unknown = await docker.info()
    const folder = typeof info === 'object' && info !== null && 'DockerRootDir' in info ? info.DockerRootDir : undefined
    return typeof folder === 'string' ? folder : undefined
  } catch (error) {
    throw engineFailure(error, { code: 'refused', object: 'Docker Engine', address, remedy: 'see "docker info"' })
  }
}
