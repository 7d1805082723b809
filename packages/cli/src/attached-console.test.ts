import { PassThrough } from 'node:stream'
import { expect, test } from 'vitest'
import { attachConsole } from './attached-console.ts'

function attach() {
  const raw: boolean[] = []
  const input = Object.assign(new PassThrough(), { isTTY: true, setRawMode: (on: boolean) => raw.push(on) })
  const output = new PassThrough()
  const typed: string[] = []
  const attached = attachConsole(input as unknown as NodeJS.ReadStream, output)
  attached.onStarted((bytes) => typed.push(Buffer.from(bytes).toString()))
  return { input, typed, raw, attached, shown: () => String(output.read() ?? '') }
}

test('keys go to the machine, what it writes goes to the terminal, until Ctrl-]', async () => {
  const { input, typed, raw, attached, shown } = attach()
  attached.onConsole(Buffer.from('login: '))
  input.write('root\r\x03')
  input.write('exit\r\x1dnot this')
  await attached.whileReady()
  input.write('nor this')
  attached.onConsole(Buffer.from('nobody looks'))
  expect(typed).toEqual(['root\r\x03', 'exit\r'])
  expect(shown()).toBe('attached to the console; Ctrl-] detaches\nlogin: ')
  expect(raw).toEqual([true, false])
})

test('the end of the input detaches', async () => {
  const { input, attached, raw } = attach()
  input.end()
  await attached.whileReady()
  expect(raw).toEqual([true, false])
})

test('it is given back once, however often', () => {
  const { attached, raw } = attach()
  attached.detach()
  attached.detach()
  expect(raw).toEqual([true, false])
})
