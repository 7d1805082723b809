import { type ConvertLimits, parseCount, parseSize } from '@tf-images/pipeline'
import { type Command, InvalidArgumentError } from 'commander'

/** Options of every command that reads sources which others made. */
export function limitOptions(command: Command): Command {
  return command
    .option(
      '--max-size <bytes>',
      'refuse a source whose files have more bytes, e.g. 20G (default: 1T)',
      argument(parseSize),
    )
    .option(
      '--max-ratio <times>',
      'refuse a source with more than 8G of files that have this many times its size (default: 200)',
      argument(parseCount),
    )
    .option('--max-entries <count>', 'refuse a source with more entries (default: 2000000)', argument(parseCount))
}

/** What {@link limitOptions} gives; what was not said is not there. */
export type LimitOptionValues = { readonly [name in keyof ConvertLimits]: number }

export function limitsOf({ maxSize, maxRatio, maxEntries }: LimitOptionValues): ConvertLimits {
  return {
    ...(maxSize === undefined ? {} : { maxSize }),
    ...(maxRatio === undefined ? {} : { maxRatio }),
    ...(maxEntries === undefined ? {} : { maxEntries }),
  }
}

/** A parser as commander wants it, which shows the option before the message. */
export function argument<T>(parse: (text: string) => T): (text: string) => T {
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      throw new InvalidArgumentError(error instanceof Error ? error.message : String(error))
    }
  }
}
