import type { Progress } from '@tf-images/pipeline'

/** What an action gets from its entry. */
export type ActionContext = { readonly progress: Progress; readonly signal: AbortSignal }

/** The platform of GitHub's runners, and of zos. */
export const PLATFORM = 'linux/amd64'

/** Where the engine is, for the pipeline's options. */
export function engineOptions(): { readonly dockerHost?: string } {
  const { DOCKER_HOST } = process.env
  return DOCKER_HOST ? { dockerHost: DOCKER_HOST } : {}
}
