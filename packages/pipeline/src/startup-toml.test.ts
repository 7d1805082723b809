import { expect, test } from 'vitest'
import { startupToml } from './startup-toml.ts'

test('CMD stays behind an ENTRYPOINT of several words', () => {
  const config = {
    Entrypoint: ['/bin/tini', '--'],
    Cmd: ['/srv/run', 'a "quoted" word'],
    Env: ['A=1', 'B.C=line\nbreak'],
    WorkingDir: '/srv',
  }
  expect(startupToml(config)).toBe(`[startup.entry]
name = "core.system"

[startup.entry.args]
name = "/bin/tini"
args = ["--", "/srv/run", "a \\"quoted\\" word"]
dir = "/srv"

[startup.entry.args.env]
"A" = "1"
"B.C" = "line\\nbreak"
`)
})

test('an image without a command starts a shell in /', () => {
  expect(startupToml({})).toContain('name = "/bin/sh"\nargs = []\ndir = "/"\n')
})
