import { type FidelityClass, parseFidelityClasses } from '@tf-images/pipeline'
import { Option } from 'commander'

/** `--strict`, of every command that converts. */
export function strictOption(): Option {
  return new Option(
    '--strict [classes]',
    'fail when a flist would not hold these, e.g. --strict=lost,hard-link; by default all that are lost',
  )
}

/** @throws PipelineError 'bad-settings' for classes that are none, or that the format never has */
export function strictClasses(
  value: string | true | undefined,
  format: 'flist' | 'fl' = 'flist',
): ReadonlySet<FidelityClass> | undefined {
  return value === undefined ? undefined : parseFidelityClasses(value === true ? undefined : value, format)
}
