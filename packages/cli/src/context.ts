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

/** A user's path as a path of the tree: a byte string, relative, no empty or `.` parts. */
export function innerPath(path: string): string {
  const parts = Buffer.from(path, 'utf8').toString('latin1').split('/')
  return parts.filter((part) => part !== '' && part !== '.').join('/')
}

/** A byte string for people: UTF-8 where it is, with replacement characters where it is not. */
export function toText(bytes: string): string {
  return Buffer.from(bytes, 'latin1').toString('utf8')
}
