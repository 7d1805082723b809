import type { ImageInspectInfo } from 'dockerode'
import type { Engine } from './connection.ts'
import type { EngineErrorCode } from './errors.ts'
import { type Attempt, engineFailure, statusOf } from './failures.ts'
import { parseImageName } from './image-name.ts'

/** What the engine knows of an image. */
export type ImageInfo = {
  /** Digest of the image config. */
  readonly imageId: string
  readonly tags: readonly string[]
  /** `repository@digest` of every registry the image was pushed to or pulled from. */
  readonly repositoryDigests: readonly string[]
  readonly labels: Readonly<Record<string, string>>
  /** What a container of it starts: entrypoint and arguments. */
  readonly command: readonly string[]
  /** Like `linux/amd64`. */
  readonly platform: string
  /** Bytes of its layers, unpacked. */
  readonly size: number
}

/**
 * Looks an image up by reference or id.
 *
 * @returns undefined when the engine has no such image
 * @throws EngineError 'refused'
 */
export async function inspectImage(engine: Engine, image: string): Promise<ImageInfo | undefined> {
  parseImageName(image)
  try {
    return describe(await engine.docker.getImage(image).inspect())
  } catch (error) {
    if (statusOf(error) === 404) return undefined
    throw engineFailure(error, attemptOn(engine, image))
  }
}

function describe(info: ImageInspectInfo): ImageInfo {
  return {
    imageId: info.Id,
    tags: info.RepoTags ?? [],
    repositoryDigests: info.RepoDigests ?? [],
    labels: info.Config.Labels ?? {},
    command: [info.Config.Entrypoint ?? [], info.Config.Cmd ?? []].flat(),
    platform: `${info.Os}/${info.Architecture}`,
    size: info.Size,
  }
}

/**
 * How many steps an image was made in, as its history has them: its own and those of what it is built on.
 *
 * @throws EngineError 'not-found', 'refused'
 */
export async function countSteps(engine: Engine, image: string): Promise<number> {
  parseImageName(image)
  try {
    return (await engine.docker.getImage(image).history()).length
  } catch (error) {
    throw engineFailure(error, attemptOn(engine, image))
  }
}

/**
 * Gives an image a further reference, taking it from the image that had it.
 *
 * @throws EngineError 'not-found', 'refused'
 */
export async function tagImage(engine: Engine, image: string, reference: string): Promise<void> {
  parseImageName(image)
  const { repository, version = 'latest' } = parseImageName(reference)
  try {
    await engine.docker.getImage(image).tag({ repo: repository, tag: version })
  } catch (error) {
    throw engineFailure(error, attemptOn(engine, image))
  }
}

/**
 * Takes a reference from an image, and removes the image with its last one.
 *
 * @returns false when there was no such image
 * @throws EngineError 'refused' when a container uses it, unless `force`
 */
export async function removeImage(
  engine: Engine,
  image: string,
  options: { readonly force?: boolean } = {},
): Promise<boolean> {
  parseImageName(image)
  try {
    await engine.docker.getImage(image).remove({ force: options.force ?? false })
    return true
  } catch (error) {
    if (statusOf(error) === 404) return false
    throw engineFailure(error, attemptOn(engine, image))
  }
}

function attemptOn(engine: Engine, object: string, code: EngineErrorCode = 'refused'): Attempt {
  return { code, object, address: engine.address, remedy: 'see "docker image inspect" for it' }
}
