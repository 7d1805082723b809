/** Test cases that belong together; times are in milliseconds. */
export type JunitSuite = {
  readonly name: string
  readonly milliseconds: number
  /** A case without a failure passed. */
  readonly cases: readonly { readonly name: string; readonly milliseconds: number; readonly failure: string }[]
  /** What was said meanwhile. */
  readonly output: string
}

/** A JUnit report as CI systems read it: one suite, or several in an element of their own. */
export function formatJunit(suites: readonly JunitSuite[]): string {
  const written = suites.flatMap(suiteLines)
  const all = suites.length === 1 ? written : ['<testsuites>', ...written, '</testsuites>']
  return ['<?xml version="1.0" encoding="UTF-8"?>', ...all, ''].join('\n')
}

function suiteLines({ name, milliseconds, cases, output }: JunitSuite): string[] {
  const failures = cases.filter(({ failure }) => failure !== '').length
  const lines = cases.map(
    ({ name: caseName, milliseconds, failure }) =>
      `  <testcase classname="${xml(name)}" name="${xml(caseName)}" time="${seconds(milliseconds)}"${
        failure === '' ? '/>' : `><failure message="${xml(failure)}"/></testcase>`
      }`,
  )
  return [
    `<testsuite name="${xml(name)}" tests="${cases.length}" failures="${failures}" time="${seconds(milliseconds)}">`,
    ...lines,
    `  <system-out>${xml(output)}</system-out>`,
    '</testsuite>',
  ]
}

function seconds(milliseconds: number): string {
  return (milliseconds / 1000).toFixed(3)
}

function xml(text: string): string {
  const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
  // Characters that XML 1.0 has no way to write.
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it is about
  return text.replace(/[&<>"]/g, (character) => entities[character] ?? '').replace(/[\x00-\x08\x0b\x0c\x0e-\x1f]/g, '?')
}
