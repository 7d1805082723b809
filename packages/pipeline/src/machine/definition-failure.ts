import type { VmDefinition } from '@tf-images/recipe/machines'
import { VmError } from '@tf-images/vm'
import { PipelineError } from '../errors.ts'

type Place = VmDefinition['places']['release']
type Asked = Pick<VmDefinition, 'release' | 'kernel' | 'packages' | 'file' | 'places' | 'steps'>

/**
 * A bootstrap that failed over something its definition asks for, told with the line that asks for it; every other error is returned
 * as it is.
 */
export function definitionFailure(definition: Asked, error: unknown): unknown {
  if (!(error instanceof VmError)) return error
  const { release, places } = definition
  if (error.failure === 'release') {
    const problem = `the archive has no release "${release}" with these components; ${error.message}`
    return new PipelineError('bad-definition', `${formatPlace(places.release)}: ${problem}`, {
      cause: error,
      place: places.release,
    })
  }
  const asked =
    error.place === undefined ? undefined : stepPlaces(definition).find((at) => formatPlace(at) === error.place)
  if (asked) {
    return new PipelineError('bad-definition', error.message, { cause: error, place: asked })
  }
  if (error.code === 'kernel') {
    const message = `${formatPlace(places.kernel)}: ${error.message}`
    return new PipelineError('bad-definition', message, { cause: error, place: places.kernel })
  }
  if (error.packages.length === 0) return error
  const lines = error.packages.map((name) => {
    const problem = `the archive of "${release}" has no package "${name}"; correct its name, or add the component it is in`
    const found = placeOf(definition, name)
    return `${found ? formatPlace(found) : `${definition.file}: needed by every machine`}: ${problem}`
  })
  const place = error.packages.map((name) => placeOf(definition, name)).find((found) => found !== undefined)
  return new PipelineError('bad-definition', lines.join('\n'), { cause: error, ...(place ? { place } : {}) })
}

function stepPlaces({ steps }: Asked): Place[] {
  return steps.flatMap((step) => {
    if (step.kind === 'download') return [step.place]
    return step.kind === 'command' ? step.commands.map(({ place }) => place) : []
  })
}

/** What no line asks for is what every machine gets. */
function placeOf({ kernel, packages, places }: Asked, name: string): Place | undefined {
  return places.packages[packages.indexOf(name)] ?? (name === kernel ? places.kernel : undefined)
}

/** As messages and editors have it. */
export function formatPlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`
}
