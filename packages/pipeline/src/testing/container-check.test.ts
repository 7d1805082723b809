import type { Check } from '@tf-images/recipe'
import { expect, test } from 'vitest'
import { commandOf, type Services } from './container-check.ts'

const location = { file: 'recipes/images/x/image.yaml', line: 1, column: 1 }
const services: Services['services'] = new Map([
  ['once', 'oneshot'],
  ['web', 'longrun'],
])
const service = (service: string): Check => ({ kind: 'service', service, location })

test.each([
  ['runit', 'web', "sv status /etc/service/web | tee /dev/stderr | grep -q '^run: '"],
  ['runit', 'once', 'cat /proc/[0-9]*/comm 2> /dev/null | grep -qx runsvdir'],
  ['zinit', 'web', "zinit status web | grep -i '^ *state: ' | tee /dev/stderr | grep -qi 'running'"],
  ['zinit', 'once', "zinit status once | grep -i '^ *state: ' | tee /dev/stderr | grep -qi 'success'"],
  ['systemd', 'web', 'systemctl is-active -- tf-web.service'],
  ['systemd', 'cron.service', 'systemctl is-active -- cron.service'],
] as const)('%s is asked for "%s"', (supervisor, name, command) => {
  expect(commandOf(service(name), { supervisor, services })).toBe(command)
})

test('whatever starts the services, other checks are those of machines', () => {
  expect(commandOf({ kind: 'port', port: 80, location }, { services })).toContain(':0050 ')
  expect(commandOf({ kind: 'file', path: '/a', mode: 0o644, contains: "it's", location }, { services })).toBe(
    `ls -ld -- '/a' && [ "$(stat -L -c %a -- '/a')" = 644 ] && grep -qF -e 'it'\\''s' -- '/a'`,
  )
})
