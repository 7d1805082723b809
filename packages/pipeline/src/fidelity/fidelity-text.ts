import type { Fidelity } from './fidelity.ts'
import { escapeControls, type FidelityFinding } from './findings.ts'

/** All findings for people, one line each; empty when there is none. */
export function formatFidelity({ findings }: Fidelity): string {
  return findings.map((finding) => `${finding.severity.padEnd(7)}  ${findingLine(finding)}`).join('\n')
}

/** One line for a report: the classes that are lost and changed, with their counts. */
export function fidelitySummary({ findings }: Fidelity): string {
  const bySeverity = (['lost', 'changed'] as const).flatMap((severity) => {
    const counts = findings.filter((finding) => finding.severity === severity).map(classCount)
    return counts.length > 0 ? [`${severity}: ${counts.join(', ')}`] : []
  })
  return bySeverity.length > 0 ? bySeverity.join('; ') : 'nothing lost or changed'
}

function classCount(finding: FidelityFinding): string {
  return `${finding.class} ${finding.count}`
}

/** One class: how often, and the first place with what it means there. */
export function findingLine(finding: FidelityFinding): string {
  const [example] = finding.examples
  return `${classCount(finding)}${example ? `, ${finding.count > 1 ? 'first ' : ''}${escapeControls(`${example.path} ${example.consequence}`)}` : ''}`
}
