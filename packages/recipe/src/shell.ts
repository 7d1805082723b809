/** Quotes any text without NUL as one word of a POSIX shell, whatever stands in it (POSIX.1-2017, XCU 2.2.2). */
export function quoteShell(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`
}

/** Like {@link quoteShell}, but leaves a word bare that no shell reads as anything else: for arguments, never for a command. */
export function quoteArgument(value: string): string {
  return /^[A-Za-z0-9_./:@%+,-]+$/.test(value) ? value : quoteShell(value)
}
