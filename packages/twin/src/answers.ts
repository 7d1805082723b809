import { type Json, pythonJson } from './python-json.ts'

/** One HTTP answer as data: what a route returns and what the server writes. */
export type Answer = {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | AsyncIterable<string | Uint8Array>
  /** Called once, when the answer was sent or could not be: closes and removes what the body is read from. */
  readonly release?: () => Promise<void>
  /** For a fault: the connection is cut after this many bytes of the answer, its head included. */
  readonly cutAfter?: number
}

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** A handler's 200 with any JSON value (spaces after `,` and `:`, final newline). */
export function jsonAnswer(value: Json): Answer {
  return { status: 200, headers: JSON_TYPE, body: `${pythonJson(value)}\n` }
}

/** `{"status": "success"}`, with a payload where the call has one. */
export function success(payload?: Json): Answer {
  return jsonAnswer(payload === undefined ? { status: 'success' } : { status: 'success', payload })
}

/** A handler's error. Most client errors of the hub are a 500, so the status is always given. */
export function failure(message: string, status: number): Answer {
  return { status, headers: JSON_TYPE, body: `${pythonJson({ status: 'error', message })}\n` }
}

/** An error of the layer that checks who is calling: compact JSON with sorted keys, unlike the handlers' own. */
export function refusal(message: string, status: number): Answer {
  return { status, headers: JSON_TYPE, body: `${JSON.stringify({ message, status: 'error' })}\n` }
}

/** A plain text answer. */
export function textAnswer(body: string): Answer {
  return { status: 200, headers: { 'Content-Type': 'text/plain' }, body }
}

const HTML_ERRORS = {
  404: [
    'Not Found',
    'The requested URL was not found on the server. If you entered the URL manually please check your spelling and try again.',
  ],
  405: ['Method Not Allowed', 'The method is not allowed for the requested URL.'],
  416: ['Requested Range Not Satisfiable', 'The server cannot provide the requested range.'],
  500: [
    'Internal Server Error',
    'The server encountered an internal error and was unable to complete your request. Either the server is overloaded or there is an error in the application.',
  ],
} as const

/** The HTML page that the hub's web framework answers for unknown routes, `abort(404)` and uncaught exceptions. */
export function htmlError(status: keyof typeof HTML_ERRORS, headers: Readonly<Record<string, string>> = {}): Answer {
  const [title, text] = HTML_ERRORS[status]
  return {
    status,
    headers: { 'Content-Type': 'text/html; charset=utf-8', ...headers },
    body: `<!doctype html>\n<html lang=en>\n<title>${status} ${title}</title>\n<h1>${title}</h1>\n<p>${text}</p>\n`,
  }
}
