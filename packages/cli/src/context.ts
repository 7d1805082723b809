import type { Progress } from '@tf-images/pipeline'

/** What a command gets from the entry: where to write and when to stop. Results go to `out`, everything else to `err`. */
export type CommandContext = {
  readonly out: NodeJS.WriteStream
  readonly err: NodeJS.WriteStream
  readonly progress: Progress
  readonly signal: AbortSignal
}

/** Writes a result: the text, or with `--json` the value as one JSON document. */
export function printResult(context: CommandContext, json: boolean | undefined, value: unknown, text: string): void {
  context.out.write(
    json ? `${JSON.stringify(value, null, 2)}\n` : text === '' || text.endsWith('\n') ? text : `${text}\n`,
  )
}

/** Byte strings (one char per byte) as the command line and the terminal have them. */
export function toByteString(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1')
}

/** A byte string for people: UTF-8 where it is, with replacement characters where it is not. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
