import { stripVTControlCharacters } from 'node:util'

const maximalLine = 16 * 1024

export type LineSplitter = {
  /** Takes output as it comes, in pieces of any size. */
  readonly write: (text: string) => void
  /** Hands on a last line that had no end. */
  readonly end: () => void
}

/**
 * Makes lines of a program's output as a terminal would show them: colours and other control sequences removed, a line that was
 * overwritten with `\r` in its last state. Longer lines than 16 KiB come in pieces. Lines with nothing to see are dropped.
 */
export function createLineSplitter(emit: (line: string) => void): LineSplitter {
  let pending = ''
  const flush = (line: string) => {
    const shown = displayed(line)
    if (shown !== '') emit(shown)
  }
  return {
    write(text) {
      const lines = (pending + text).split('\n')
      pending = lines.pop() ?? ''
      lines.forEach(flush)
      while (pending.length > maximalLine) {
        flush(pending.slice(0, maximalLine))
        pending = pending.slice(maximalLine)
      }
    },
    end() {
      flush(pending)
      pending = ''
    },
  }
}

function displayed(line: string): string {
  const plain = stripVTControlCharacters(line).trimEnd()
  const visible = plain.slice(plain.lastIndexOf('\r') + 1)
  return visible.replace(/\p{Cc}/gu, (control) => (control === '\t' ? control : ''))
}
