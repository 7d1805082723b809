/** An error for people: its message, and the messages of its causes where they add something. No stack, no secrets. */
export function errorText(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const cause = error.cause === undefined ? '' : errorText(error.cause)
  return cause !== '' && !error.message.includes(cause) ? `${error.message}\n  because: ${cause}` : error.message
}
