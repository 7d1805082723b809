import { createHmac, timingSafeEqual } from 'node:crypto'

/** The hub's session cookies. They are signed and not kept, so they can not be taken back either. */
export type Sessions = {
  /** The text of a `Set-Cookie`. `letIn`: the caller had a JWT or the guest token. */
  start(letIn: boolean): string
  /** Whether a cookie's value is that of a session that was let in once. */
  wasLetIn(value: string | undefined): boolean
}

/** Makes the session cookies of one hub, signed with a key that follows from its seed. */
export function createSessions(seed: Uint8Array): Sessions {
  const sign = (payload: string): string => createHmac('sha256', seed).update(`session ${payload}`).digest('base64url')
  return {
    start(letIn) {
      const payload = Buffer.from(JSON.stringify(letIn ? { _iyo_authenticated: Date.now() } : {})).toString('base64url')
      return `session=${payload}.${sign(payload)}; HttpOnly; Path=/`
    },
    wasLetIn(value = '') {
      const [payload = '', signature = ''] = value.split('.')
      const [given, right] = [signature, sign(payload)].map((text) => Buffer.from(text))
      if (!given || !right || given.length !== right.length || !timingSafeEqual(given, right)) return false
      return '_iyo_authenticated' in JSON.parse(Buffer.from(payload, 'base64url').toString())
    },
  }
}
