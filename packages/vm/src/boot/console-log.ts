import { type ConsoleEvent, plainLine, readConsoleLine } from './console-events.ts'

/** A line that was on the console, with its time. */
export type ConsoleLine = {
  /** Milliseconds since the machine was started. */
  readonly at: number
  readonly text: string
}

export type ConsoleLog = {
  /** The last lines, oldest first; the line that is being written included. */
  readonly lines: () => readonly ConsoleLine[]
  /** Takes bytes of the serial port. */
  readonly write: (bytes: Uint8Array) => void
}

/** Lines kept, and characters of one: a machine in a loop writes for ever. */
const mostLines = 5_000
const longestLine = 4_096

/** What the kernel's log writes after a prompt is a line of its own: a prompt has no end. */
function splitPrompt(text: string): readonly string[] {
  const [, prompt, rest] = /^(\S+ login: )(\[ *\d+\.\d+\] .*)$/.exec(text) ?? []
  return prompt === undefined || rest === undefined ? [text] : [prompt, rest]
}

/**
 * Records a serial port: lines with their time. A prompt has no line end, so the last line is looked at as it grows.
 *
 * @param now milliseconds since the start
 * @param onEvent receives what lines tell, once for each line
 */
export function createConsoleLog(
  now: () => number,
  onEvent: (event: ConsoleEvent, line: ConsoleLine) => void,
  onLine: (line: ConsoleLine) => void = () => {},
): ConsoleLog {
  const lines: ConsoleLine[] = []
  let open = ''
  let isTold = false
  const tell = (line: ConsoleLine) => {
    const event = isTold ? undefined : readConsoleLine(line.text)
    if (!event) return
    isTold = true
    onEvent(event, line)
  }
  const close = () => {
    for (const text of splitPrompt(plainLine(open))) {
      const line = { at: now(), text }
      lines.push(line)
      if (lines.length > mostLines) lines.shift()
      tell(line)
      onLine(line)
      isTold = false
    }
    open = ''
  }
  return {
    lines: () => (open === '' ? lines : [...lines, { at: now(), text: plainLine(open) }]),
    write(bytes) {
      const parts = Buffer.from(bytes).toString('latin1').split('\n')
      for (const [index, part] of parts.entries()) {
        if (index > 0) close()
        open = (open + part).slice(0, longestLine)
      }
      if (/login: ?$/.test(plainLine(open))) tell({ at: now(), text: plainLine(open) })
    },
  }
}
