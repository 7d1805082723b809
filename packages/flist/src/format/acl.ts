import { blake2bDigits } from '../codec/blake2b.ts'
import { FlistError } from '../errors.ts'
import { groupId, groupName, userId, userName } from './accounts.ts'
import { parseMessage, readInt64, readText, readUint16, type StructView } from './message-reader.ts'
import { addStruct, createMessage, finishMessage, ROOT_POINTER, setPointer, setText } from './message-writer.ts'

/** An ACL record (`struct ACI`): who owns an inode and its mode. `uid` and `gid` are -1 when only names are known. */
export type AclRecord = {
  readonly uname: string
  readonly gname: string
  readonly mode: number
  readonly uid: number
  readonly gid: number
}

/** What an ACL record means to a system: mode and numeric owners. */
export type Owner = { readonly mode: number; readonly uid: number; readonly gid: number }

/** What 0-fs uses for an owner that has neither an id nor a name it knows. */
const UNKNOWN_ID = 1000

/** The ACL record of an owner; names come from a fixed table, never from the machine. */
export function createAcl({ mode, uid, gid }: Owner): AclRecord {
  return { uname: userName(uid), gname: groupName(gid), mode: mode & 0o7777, uid, gid }
}

/** Mode and owners of an ACL record, as 0-fs reads it: ids, else names, else 1000. */
export function aclOwner({ uname, gname, mode, uid, gid }: AclRecord): Owner {
  return {
    mode: mode & 0o7777,
    uid: uid === -1 ? (userId(uname) ?? UNKNOWN_ID) : uid,
    gid: gid === -1 ? (groupId(gname) ?? UNKNOWN_ID) : gid,
  }
}

/** The key an ACL record is stored under: 16 hex digits, blake2b over its text form as libflist writes it. */
export function aclKey({ uname, gname, mode, uid, gid }: AclRecord): string {
  const text = `user:${uname}\ngroup:${gname}\nmode:0o${mode.toString(8)}\nuid:${uid}\ngid:${gid}`
  return blake2bDigits(text, 8)
}

/** Writes an ACL record. Both ids are stored XORed with -1, the schema's default. */
export function encodeAcl(acl: AclRecord): Buffer {
  const writer = createMessage()
  const aci = addStruct(writer, 3, 3)
  setPointer(writer, ROOT_POINTER, aci)
  writer.buffer.writeUInt16LE(acl.mode, aci.at)
  writer.buffer.writeBigInt64LE(~BigInt(acl.uid), aci.at + 8)
  writer.buffer.writeBigInt64LE(~BigInt(acl.gid), aci.at + 16)
  setText(writer, aci.at + 24, acl.uname)
  setText(writer, aci.at + 32, acl.gname)
  return finishMessage(writer)
}

/** Reads an ACL record. `name` stands for it in messages. Throws `corrupt`. */
export function decodeAcl(bytes: Uint8Array, name: string): AclRecord {
  const aci = parseMessage(bytes, name)
  return {
    uname: readText(aci, 0),
    gname: readText(aci, 1),
    mode: readUint16(aci, 0),
    uid: readId(aci, 8, name),
    gid: readId(aci, 16, name),
  }
}

function readId(aci: StructView, offset: number, name: string): number {
  const id = ~readInt64(aci, offset)
  if (id >= -1n && id <= 0xffffffffn) return Number(id)
  throw new FlistError('corrupt', `${name}: has the owner id ${id}; the flist is damaged, make or fetch it again`)
}
