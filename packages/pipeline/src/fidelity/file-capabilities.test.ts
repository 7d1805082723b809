import { expect, test } from 'vitest'
import { readFileCapabilities } from './file-capabilities.ts'

// Values as `getfattr -e hex -n security.capability` shows them.
test.each([
  ['ping of Debian (setcap cap_net_raw+ep)', '0100000200200000000000000000000000000000', 'cap_net_raw+ep'],
  ['caddy (cap_net_bind_service=+ep)', '0100000200040000000000000000000000000000', 'cap_net_bind_service+ep'],
  ['several', '0100000200340000000000000000000000000000', 'cap_net_bind_service,cap_net_admin,cap_net_raw+ep'],
  ['permitted only', '0000000200200000000000000000000000000000', 'cap_net_raw+p'],
  ['inheritable only', '0000000200000000002000000000000000000000', 'cap_net_raw+i'],
  ['effective, inheritable, permitted', '0100000200200000002000000000000000000000', 'cap_net_raw+eip'],
  ['different flags', '0100000200200000010000000000000000000000', 'cap_chown+ei cap_net_raw+ep'],
  ['the second word', '010000020000000000000000c000000000000000', 'cap_perfmon,cap_bpf+ep'],
  ['version 1', '010000010020000000000000', 'cap_net_raw+ep'],
  ['a bit without a name', '0100000200000000000000000002000000000000', '41+ep'],
  ['none', '0100000200000000000000000000000000000000', '='],
])('%s', (_what, hex, text) => {
  expect(readFileCapabilities(Buffer.from(hex, 'hex'))).toEqual({ text })
})

test.each([
  [
    'of a user namespace',
    '010000030020000000000000000000000000000010270000',
    { text: 'cap_net_raw+ep', rootId: 10000 },
  ],
  ['of the first namespace', '010000030020000000000000000000000000000000000000', { text: 'cap_net_raw+ep' }],
])('version 3 %s', (_what, hex, capabilities) => {
  expect(readFileCapabilities(Buffer.from(hex, 'hex'))).toEqual(capabilities)
})

test.each([
  ['nothing', ''],
  ['three bytes', '010000'],
  ['another version', '0100000400200000000000000000000000000000'],
  ['version 2 cut off', '01000002002000000000000000000000'],
  ['version 1 too long', '0100000100200000000000000000000000000000'],
])('%s is no set of capabilities', (_what, hex) => {
  expect(readFileCapabilities(Buffer.from(hex, 'hex'))).toBeUndefined()
})
