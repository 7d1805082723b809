import { connectEngine, parseDockerHost, removeImage } from '@tf-images/engine'

/**
 * Takes references from the engine, so that a machine that builds every day does not fill up. What a container uses stays.
 *
 * @returns those that were there
 * @throws EngineError
 */
export async function removeImages(
  references: readonly string[],
  options: { readonly dockerHost?: string } = {},
): Promise<readonly string[]> {
  const engine = await connectEngine(options.dockerHost ? parseDockerHost(options.dockerHost) : {})
  const removed: string[] = []
  for (const reference of references) if (await removeImage(engine, reference)) removed.push(reference)
  return removed
}
