import type { Examination } from '@tf-images/pipeline'
import { type BootMode, isFixable } from '@tf-images/vm'
import { visibleText } from './visible-text.ts'

/** A report for people: each finding with its evidence, what it means and what to do. */
export function formatExamination(
  name: string,
  { mode, kernelRelease, findings, fixed, errors, warnings }: Examination,
): string {
  const modes: Readonly<Record<BootMode, string>> = {
    container: 'a container',
    vm: `a virtual machine${kernelRelease === undefined ? '' : ` with Linux ${kernelRelease}`}`,
    image: 'a virtual machine from a disk image',
  }
  const lines = findings.flatMap(({ code, severity, path, evidence, explanation, remedy }) => [
    `${severity.padEnd(7)} ${code}  /${text(path)}: ${evidence}`,
    `        ${explanation}`,
    `        ${isFixable(code) ? 'fix (--fix in a directory)' : 'fix'}: ${remedy}`,
  ])
  const done = fixed.map(({ code, path, change }) => `fixed   ${code}  /${text(path)}: ${change}`)
  const count =
    findings.length === 0 ? 'nothing is wrong' : `${counted(errors, 'error')}, ${counted(warnings, 'warning')}`
  return visibleText([...done, ...lines, `${name}: zos starts it as ${modes[mode]}; ${count}`].join('\n'))
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

/** Paths are bytes. */
function text(path: string): string {
  return Buffer.from(path, 'latin1').toString('utf8')
}
