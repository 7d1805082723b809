import { endGroup, info, startGroup } from '@actions/core'
import { formatSeconds, type Progress } from '@tf-images/pipeline'

/** Milliseconds between two updates of a phase. */
const UPDATE_PAUSE = 2_000

/**
 * A line of the log. What an image prints while it is built is not trusted: a runner takes lines that begin with `::` or `##[` for
 * commands to itself, so that a build could mask words, forge annotations or stop the log.
 */
export function logLine(text: string): void {
  info(withoutCommands(text))
}

/** The same text, without anything that a runner takes for a command. */
export function withoutCommands(text: string): string {
  return text
    .split(/\r\n|[\r\n]/)
    .map((line) => line.replace(/^(\s*)::/, '$1: :').replaceAll('##[', '# #['))
    .join('\n')
}

/** One log group per phase; `end` closes the one in which a failure happened. */
export function groupedProgress(): { readonly progress: Progress; readonly end: () => void } {
  let started = 0
  let updated = 0
  let isOpen = false
  const end = () => {
    if (isOpen) endGroup()
    isOpen = false
  }
  const progress: Progress = ({ image, phase, state, text }) => {
    const now = performance.now()
    if (state === 'start') {
      end()
      started = now
      isOpen = true
      startGroup(withoutCommands(`${image}: ${phase}`))
      logLine(text)
    } else if (state === 'done') {
      logLine(`${text} (${formatSeconds(now - started)})`)
      end()
    } else if (state === 'line' || now - updated > UPDATE_PAUSE) {
      updated = now
      logLine(text)
    }
  }
  return { progress, end }
}
