import { VmError } from '../errors.ts'

/**
 * Splits the entrypoint of a deployment as zos does: blanks between words, `'…'` and `"…"` around what belongs together, `\` before a
 * character that is meant as it is. No variable is replaced.
 *
 * @throws VmError 'invalid-options' for a quote that is not closed
 */
export function commandWords(command: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < command.length; at++) {
    const character = command[at] ?? ''
    if (character === '\\' && quote !== "'" && at + 1 < command.length) {
      at += 1
      word = `${word ?? ''}${command[at]}`
    } else if (quote !== undefined) {
      if (character === quote) quote = undefined
      else word = `${word ?? ''}${character}`
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = `${word ?? ''}${character}`
  }
  if (quote !== undefined)
    throw new VmError('invalid-options', `entrypoint ${JSON.stringify(command)}: a ${quote} is not closed; close it`)
  return word === undefined ? words : [...words, word]
}
