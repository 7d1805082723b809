import { type Recipes, type RenderedImage, renderImage } from '@tf-images/recipe'
import { PipelineError } from '../errors.ts'

/** Milliseconds a host has to answer. */
const PATIENCE = 5_000

/**
 * What an image that could not be built takes and can not be had here, in words; undefined where the fault is the image's own.
 * A base that no registry and no archive gives is told at once, and so is a download whose hash nobody knows; of a build that
 * failed, the hosts that it loads from are asked whether they are there.
 */
export async function unmetNeed(
  image: RenderedImage,
  recipes: Recipes,
  error: unknown,
  signal?: AbortSignal,
): Promise<string | undefined> {
  if (error instanceof PipelineError && error.code === 'not-locked') {
    return `the download from ${[...new Set(unhashedHosts(image, recipes))].sort().join(', ')} has no hash`
  }
  if (error instanceof PipelineError && error.code === 'bad-settings')
    return `there is no base ${baseOf(image, recipes)}`
  const hosts = [...new Set(origins(image, recipes))].sort()
  const answers = await Promise.all(hosts.map((host) => isReachable(host, signal)))
  const silent = hosts.filter((_, index) => !answers[index]).map((origin) => new URL(origin).host)
  return silent.length > 0 ? `${silent.join(', ')} can not be reached from here` : undefined
}

function baseOf({ base }: RenderedImage, recipes: Recipes): string {
  return base.kind === 'image' ? baseOf(renderImage(recipes, base.name), recipes) : base.name
}

function unhashedHosts({ base, downloads }: RenderedImage, recipes: Recipes): string[] {
  const below = base.kind === 'image' ? unhashedHosts(renderImage(recipes, base.name), recipes) : []
  const own = downloads.flatMap(({ url, sha256 }) => (sha256 === undefined ? [new URL(url).host] : []))
  return [...below, ...own]
}

/** What it loads from, as the start of addresses, and what those below load from. */
function origins({ base, downloads, snippets }: RenderedImage, recipes: Recipes): string[] {
  const below = base.kind === 'image' ? origins(renderImage(recipes, base.name), recipes) : []
  const named = [...snippets.keys()].flatMap((name) => recipes.snippets.get(name)?.network ?? [])
  // Where a registry of packages is, only the tool that asks it knows.
  const hosts = named.filter((name) => name.includes('.'))
  return [...below, ...downloads.map(({ url }) => new URL(url).origin), ...hosts.map((host) => `https://${host}`)]
}

/** Whatever it answers, it is there. */
async function isReachable(origin: string, signal?: AbortSignal): Promise<boolean> {
  const timeout = AbortSignal.timeout(PATIENCE)
  try {
    const answer = await fetch(origin, {
      redirect: 'manual',
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    })
    await answer.body?.cancel()
    return true
  } catch (error) {
    signal?.throwIfAborted()
    return !(error instanceof Error)
  }
}
