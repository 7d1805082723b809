import { formatSeconds, type Progress, type ProgressEvent } from '@tf-images/pipeline'

/** Milliseconds between two updates of one phase on a stream that is no terminal. */
const plainInterval = 2_000

/**
 * Shows progress on a stream: on a terminal updates rewrite the last line; elsewhere (CI logs, files) each is a line of its
 * own, at most one every two seconds.
 */
export function terminalProgress(stream: NodeJS.WriteStream): Progress {
  const started = new Map<string, number>()
  let lastUpdate = 0
  let transient = false
  const print = (line: string) => {
    if (transient) {
      stream.cursorTo(0)
      stream.clearLine(0)
    }
    transient = false
    stream.write(`${line}\n`)
  }
  const update = (event: ProgressEvent) => {
    const now = milliseconds()
    if (now - lastUpdate < (stream.isTTY ? 100 : plainInterval)) return
    lastUpdate = now
    const line = printable(`${event.image}    ${event.phase}: ${event.text}`)
    if (!stream.isTTY) return print(line)
    stream.cursorTo(0)
    stream.write(line.slice(0, stream.columns - 1))
    stream.clearLine(1)
    transient = true
  }
  return (event) => {
    const key = `${event.image} ${event.phase}`
    if (event.state === 'update') return update(event)
    if (event.state === 'start') {
      started.set(key, milliseconds())
      lastUpdate = milliseconds()
    }
    const elapsed = event.state === 'done' ? ` (${formatSeconds(milliseconds() - (started.get(key) ?? 0))})` : ''
    const mark = { start: '·', line: ' ', done: '✓' }[event.state]
    print(`${printable(`${event.image}  ${mark} ${event.phase}: ${event.text}`)}${elapsed}`)
  }
}

/** Of a clock that is never set; `performance` would take as long to load as all of this. */
const milliseconds = () => process.uptime() * 1000

const longestLine = 160

/** One line: text from build steps may hold control characters, on which a terminal must not act, and be very long. */
function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: removing them is the purpose
  const line = text.replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, ' ').trimEnd()
  return line.length > longestLine ? `${line.slice(0, longestLine - 1)}…` : line
}
