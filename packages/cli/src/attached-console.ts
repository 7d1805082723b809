import type { ReadStream } from 'node:tty'

/** Ctrl-], as in telnet and virsh: no shell uses it. */
const detachKey = 0x1d

/** What a boot is given so that a terminal is on the machine's console until Ctrl-] is pressed. */
export type AttachedConsole = {
  readonly onConsole: (bytes: Uint8Array) => void
  readonly onStarted: (type: (bytes: Uint8Array) => void) => void
  readonly whileReady: () => Promise<void>
  /** Gives the terminal back, also when the machine never was ready. */
  readonly detach: () => void
}

/**
 * Connects a terminal with the console of a machine. Keys go there as they are pressed, Ctrl-C too; after Ctrl-], or when the input
 * ends, the terminal is as it was. The machine is kept running until then.
 *
 * @param output the terminal; control sequences of the machine reach it, that is what being attached means
 */
export function attachConsole(input: ReadStream | NodeJS.ReadStream, output: NodeJS.WritableStream): AttachedConsole {
  let isAttached = true
  let detach = () => {}
  const detached = new Promise<void>((resolve) => {
    detach = () => {
      if (!isAttached) return
      isAttached = false
      if (input.isTTY) input.setRawMode(false)
      input.pause()
      resolve()
    }
  })
  return {
    onConsole: (bytes) => {
      if (isAttached) output.write(bytes)
    },
    onStarted: (type) => {
      output.write('attached to the console; Ctrl-] detaches\n')
      if (input.isTTY) input.setRawMode(true)
      input.on('data', (data: Buffer) => {
        if (!isAttached) return
        const end = data.indexOf(detachKey)
        if (end !== 0) type(end < 0 ? data : data.subarray(0, end))
        if (end >= 0) detach()
      })
      input.once('end', () => detach())
    },
    whileReady: () => detached,
    detach: () => detach(),
  }
}
