/** The names of capabilities by their bit, as capabilities(7) has them: bits 0 to 40 of Linux 5.9 and later. */
const names = `chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
  net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot sys_ptrace
  sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease audit_write audit_control
  setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read perfmon bpf checkpoint_restore`.split(/\s+/)

/** What `security.capability` grants a program. */
export type FileCapabilities = {
  /** As setcap(8) takes it, `cap_net_raw+ep`; `=` for the empty set */
  readonly text: string
  /** Root of the user namespace they hold in; only version 3 has it */
  readonly rootId?: number
}

// struct vfs_cap_data of linux/capability.h: u32 magic (version << 24, flags), then permitted and inheritable per 32
// capabilities, then in version 3 the id of the namespace's root; all little-endian.
const EFFECTIVE = 1
const layouts: Readonly<Record<number, { readonly bytes: number; readonly words: number }>> = {
  1: { bytes: 12, words: 1 },
  2: { bytes: 20, words: 2 },
  3: { bytes: 24, words: 2 },
}

/**
 * Reads the value of the extended attribute `security.capability`, versions 1 to 3 (linux/capability.h).
 *
 * @returns undefined where the kernel would refuse the value: another version, or another size than the version has
 */
export function readFileCapabilities(value: Uint8Array): FileCapabilities | undefined {
  if (value.length < 4) return undefined
  const view = new DataView(value.buffer, value.byteOffset, value.length)
  const magic = view.getUint32(0, true)
  const layout = layouts[magic >>> 24]
  if (layout === undefined || value.length !== layout.bytes) return undefined
  const sets = { permitted: 0n, inheritable: 0n }
  for (let word = 0; word < layout.words; word++) {
    sets.permitted |= BigInt(view.getUint32(4 + word * 8, true)) << BigInt(32 * word)
    sets.inheritable |= BigInt(view.getUint32(8 + word * 8, true)) << BigInt(32 * word)
  }
  const rootId = layout.bytes === 24 ? view.getUint32(20, true) : 0
  const text = capabilityText(sets.permitted, sets.inheritable, (magic & EFFECTIVE) !== 0)
  return { text, ...(rootId === 0 ? {} : { rootId }) }
}

/** Capabilities with the same flags are one clause, as setcap(8) writes them. */
function capabilityText(permitted: bigint, inheritable: bigint, effective: boolean): string {
  const clauses = new Map<string, string[]>()
  for (let bit = 0; bit < 64; bit++) {
    const has = (set: bigint) => ((set >> BigInt(bit)) & 1n) === 1n
    if (!has(permitted) && !has(inheritable)) continue
    const flags = `${effective ? 'e' : ''}${has(inheritable) ? 'i' : ''}${has(permitted) ? 'p' : ''}`
    clauses.set(flags, [...(clauses.get(flags) ?? []), capabilityName(bit)])
  }
  if (clauses.size === 0) return '='
  return [...clauses].map(([flags, capabilities]) => `${capabilities.join(',')}+${flags}`).join(' ')
}

/** A bit that has no name yet is given as its number, as libcap does. */
function capabilityName(bit: number): string {
  const name = names[bit]
  return name === undefined ? String(bit) : `cap_${name}`
}
