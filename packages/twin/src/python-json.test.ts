import { expect, test } from 'vitest'
import { type Json, pythonJson } from './python-json.ts'

test.each<[Json, string]>([
  [['alice.3bot', 1700000000], '["alice.3bot", 1700000000]'],
  [{ status: 'error', message: 'no' }, '{"status": "error", "message": "no"}'],
  [
    { content: [], failure: 0, error: null, success: true },
    '{"content": [], "failure": 0, "error": null, "success": true}',
  ],
  ['é "日" 😀\n', '"\\u00e9 \\"\\u65e5\\" \\ud83d\\ude00\\n"'],
  [{}, '{}'],
])('%j is written as Python writes it', (value, text) => {
  expect(pythonJson(value)).toBe(text)
})
