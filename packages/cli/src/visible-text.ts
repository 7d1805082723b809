/**
 * Text that a flist, a machine or a server had a hand in, for a terminal: nothing it could act on, and nothing that hides or turns
 * around what is read. Lines stay lines.
 */
export function visibleText(text: string): string {
  return text.replace(/(?![\n\t])[\p{Cc}\p{Cf}]/gu, '?')
}
