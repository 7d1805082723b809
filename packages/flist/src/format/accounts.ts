/**
 * Names of users and groups as Debian's base-passwd fixes them, the same on every Debian and Ubuntu system.
 *
 * The reference asks the machine it runs on (`getpwuid`, `getgrgid`), so that its ACL keys change from host to host.
 * Here the machine that converts must not show in a flist: ids without a fixed name are written as their number.
 */
const USERS = accounts(
  'root:0 daemon:1 bin:2 sys:3 sync:4 games:5 man:6 lp:7 mail:8 news:9 uucp:10 proxy:13 www-data:33 backup:34 list:38',
  'irc:39 _apt:42 nobody:65534',
)

const GROUPS = accounts(
  'root:0 daemon:1 bin:2 sys:3 adm:4 tty:5 disk:6 lp:7 mail:8 news:9 uucp:10 man:12 proxy:13 kmem:15 dialout:20 fax:21',
  'voice:22 cdrom:24 floppy:25 tape:26 sudo:27 audio:29 dip:30 www-data:33 backup:34 operator:37 list:38 irc:39 src:40',
  'shadow:42 utmp:43 video:44 sasl:45 plugdev:46 staff:50 games:60 users:100 nogroup:65534',
)

type Accounts = { readonly names: ReadonlyMap<number, string>; readonly ids: ReadonlyMap<string, number> }

function accounts(...lines: readonly string[]): Accounts {
  const pairs = lines
    .flatMap((line) => line.split(' '))
    .map((pair): [string, number] => [pair.slice(0, pair.indexOf(':')), Number(pair.slice(pair.indexOf(':') + 1))])
  return { names: new Map(pairs.map(([name, id]) => [id, name])), ids: new Map(pairs) }
}

/** The name of a user id, or the id as text. Ids of 2³¹ and more come out negative, as the reference prints them. */
export function userName(uid: number): string {
  return USERS.names.get(uid) ?? String(uid | 0)
}

/** The name of a group id, or the id as text, like `userName`. */
export function groupName(gid: number): string {
  return GROUPS.names.get(gid) ?? String(gid | 0)
}

/** The id of a user name that `userName` could have made; `undefined` for any other. */
export function userId(name: string): number | undefined {
  return USERS.ids.get(name) ?? numericId(name)
}

/** The id of a group name that `groupName` could have made; `undefined` for any other. */
export function groupId(name: string): number | undefined {
  return GROUPS.ids.get(name) ?? numericId(name)
}

function numericId(name: string): number | undefined {
  return /^-?\d{1,10}$/.test(name) ? Number(name) >>> 0 : undefined
}
