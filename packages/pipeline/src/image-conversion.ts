import { join } from 'node:path'
import { CONVERTER_VERSION } from './build-id.ts'
import type { Conversion } from './convert.ts'
import { isConvertedFlist } from './converted-flist.ts'
import type { Workshop } from './image-line.ts'
import type { ImageNames } from './image-names.ts'
import type { PhaseRunner } from './progress.ts'
import { type HubSettings, parseBackend } from './settings.ts'
import { convertAndCheck as convertSourceAndCheck } from './stages/convert-and-check.ts'

/** Where the flist of a build is, once it is converted. */
export function convertedPath(names: ImageNames, { workFolder }: Workshop): string {
  return join(workFolder, 'flists', names.flist)
}

/** Whether an earlier run converted an image and did not come to publish it. With `strict` it has to be looked at again. */
export async function hasConverted(
  names: ImageNames,
  digest: string,
  { backend }: HubSettings,
  workshop: Workshop,
): Promise<boolean> {
  const { strict, chunks, signal } = workshop
  if (strict) return false
  const expected = { digest, converter: CONVERTER_VERSION, backend: parseBackend(backend) }
  return isConvertedFlist(convertedPath(names, workshop), expected, chunks, signal ? { signal } : {})
}

/** Converts an image to a flist in the work folder, and looks that all of it is there. */
export function convertAndCheck(
  names: ImageNames,
  digest: string,
  workshop: Workshop,
  phases: PhaseRunner,
): Promise<Conversion> {
  const { platform, credentials, chunks, layerCache, hub, strict, limits, minFree, signal } = workshop
  return convertSourceAndCheck(names.pinned(digest), convertedPath(names, workshop), chunks, phases, {
    platform,
    credentials,
    layerCache,
    ...(hub ? { backend: parseBackend(hub.backend) } : {}),
    ...(workshop.startupToml ? { startupToml: true } : {}),
    ...(strict ? { strict } : {}),
    ...(limits ? { limits } : {}),
    ...(minFree === undefined ? {} : { minFree }),
    ...(signal ? { signal } : {}),
  })
}
