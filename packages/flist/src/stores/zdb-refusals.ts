import { FlistError, type FlistErrorCode } from '../errors.ts'

/** What a server says no to, and whether it may say yes a little later. */
export type Refusal = { readonly error: FlistError; readonly isPassing: boolean }

type Meaning = {
  readonly text: RegExp
  readonly code?: FlistErrorCode
  readonly remedy?: string
  readonly isPassing?: true
}

const PASSWORD_REMEDY = 'check the namespace, and give its password to write'
const TOKEN_REMEDY = 'check that the token is one of this hub, without "bearer" or line ends, and that the hub is up'
const DISK_REMEDY = 'check the disk and the log of the server, then repeat: what was stored stays'

/** What 0-db (zdbd/commands_*.c) and 0-hub-gw (main.go) answer, with what to do; the first that fits counts. */
const MEANINGS: readonly Meaning[] = [
  {
    text: /no space|full|quota/i,
    code: 'store-full',
    remedy: 'raise the limit of the namespace or free space on the server',
  },
  {
    text: /^Unauthorized payload/,
    code: 'chunk-corrupt',
    remedy: 'the bytes of a chunk do not have its id, or changed on the way; convert the image again',
  },
  { text: /^Namespace not found/, remedy: 'check the namespace after the slash of the address' },
  { text: /^Your active namespace is not available/, remedy: 'it was removed meanwhile; check the namespace' },
  { text: /^Namespace protected and private/, remedy: 'give the password of the namespace' },
  { text: /temporarily (locked|frozen)/, remedy: 'wait until its owner ends that, then repeat', isPassing: true },
  { text: /worm mode/, remedy: 'it takes new chunks only; use another namespace' },
  { text: /read-only mode/, remedy: PASSWORD_REMEDY },
  {
    text: /^Cannot perform query right now/,
    remedy: 'the 0-db behind the gateway is down, full or read-only; look at it, then repeat: what was stored stays',
    isPassing: true,
  },
  { text: /^Cannot write \w+ right now/, remedy: DISK_REMEDY, isPassing: true },
  { text: /^Internal/, remedy: DISK_REMEDY },
  { text: /^Key too large/, code: 'invalid', remedy: 'this is no id of a chunk' },
  {
    text: /^(Command not supported|ERR unknown command)/,
    code: 'not-supported',
    remedy: 'check that the address is that of a 0-db (zdb://) or of the gateway of a hub (hub://)',
  },
]

/**
 * Explains an error that a server answered with.
 *
 * @param name what errors call the server
 * @param credential what lets one in there: what to look at after a refusal that is in no list
 */
export function explainRefusal(name: string, text: string, credential: Credential): Refusal {
  const { code = 'store-failed', remedy, isPassing = false } = MEANINGS.find((meaning) => meaning.text.test(text)) ?? {}
  const advice = remedy ?? (credential === 'token' ? TOKEN_REMEDY : PASSWORD_REMEDY)
  return { error: new FlistError(code, `${name} refused: "${text}"; ${advice}`), isPassing }
}

/** What lets a client write: the token of a hub, or the password of a namespace. */
export type Credential = 'token' | 'password'
