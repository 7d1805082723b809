import { formatBytes } from '../quantity-text.ts'
import type { ChunkAmount, StorageReport } from './storage-report.ts'

/** The report as rows of names and texts, for a terminal. */
export function storageRows(report: StorageReport): [string, string][] {
  const { flistBytes, files, fileBytes, unique, onBackend, toSend, sendBytes, sharedWith, notCompared } = report
  const sent = sendBytes === undefined ? '' : `, ${formatBytes(sendBytes)} as stored`
  return [
    ['flist', formatBytes(flistBytes)],
    ['files', `${files}, ${formatBytes(fileBytes)}`],
    ['unique chunks', amountText(unique)],
    ['on the backend', amountText(onBackend)],
    ['to send', `${amountText(toSend)}${sent}`],
    ...(sharedWith ?? []).map(({ name, ...amount }): [string, string] => [`shared with ${name}`, amountText(amount)]),
    ...(notCompared ? [['not compared', `${notCompared} other flists`] as [string, string]] : []),
  ]
}

function amountText({ chunks, bytes }: ChunkAmount): string {
  return `${chunks} chunks, ${formatBytes(bytes)}`
}

/** The report as Markdown, for the summary of a run. */
export function storageMarkdown(name: string, report: StorageReport): string {
  const table = [['', ''], ['---', '---'], ...storageRows(report)]
  const largest = report.largestNew.map(({ path, bytes }) => [codeText(path), formatBytes(bytes)])
  return [
    `### ${escapeCell(name)}`,
    '',
    ...table.map(tableLine),
    ...(largest.length === 0
      ? []
      : ['', 'Largest new files:', '', '| file | new |', '| --- | --- |', ...largest.map(tableLine)]),
    '',
  ].join('\n')
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.map(escapeCell).join(' | ')} |`
}

function escapeCell(text: string): string {
  return text.replaceAll('|', '\\|').replace(/[\r\n]+/g, ' ')
}

function codeText(path: string): string {
  return `\`${path.replaceAll('`', "'")}\``
}
