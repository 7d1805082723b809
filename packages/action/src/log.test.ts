import { expect, test } from 'vitest'
import { withoutCommands } from './log.ts'

test.each([
  ['::error::forged', ': :error::forged'],
  ['  ::add-mask::a', '  : :add-mask::a'],
  ['line\r::stop-commands::x', 'line\n: :stop-commands::x'],
  ['##[error]forged', '# #[error]forged'],
  ['Step 1/2 : RUN make::all', 'Step 1/2 : RUN make::all'],
])('%j is no command to the runner', (text, expected) => {
  expect(withoutCommands(text)).toBe(expected)
})
