import { warning } from '@actions/core'
import { context, getOctokit } from '@actions/github'
import { errorText } from '@tf-images/pipeline'

/** What the comment is found by the next time. */
export const MARKER = '<!-- tf-images: what this changes -->'

/** What GitHub takes for one comment, in UTF-16 units. */
export const COMMENT_LIMIT = 65_536

/**
 * Writes the one comment of this pull request: the one with the marker that this token's account made, or a new one. A token that may not
 * (a fork's) is a warning: what it would say is in the summary.
 *
 * @returns its address
 */
export async function changeComment(token: string, markdown: string): Promise<string | undefined> {
  const number = context.payload.pull_request?.number
  if (number === undefined) {
    warning('no comment was written: this run is not of a pull request')
    return undefined
  }
  const { rest, paginate } = getOctokit(token, { baseUrl: process.env.GITHUB_API_URL ?? 'https://api.github.com' })
  const { owner, repo } = context.repo
  const body = `${MARKER}\n${markdown}`
  try {
    const comments = await paginate(rest.issues.listComments, { owner, repo, issue_number: number, per_page: 100 })
    // Others can write the marker, too; theirs can not be changed with every token, and must not be.
    const mine = comments.find((each) => each.body?.startsWith(MARKER) && each.user?.type === 'Bot')
    const { data } = mine
      ? await rest.issues.updateComment({ owner, repo, comment_id: mine.id, body })
      : await rest.issues.createComment({ owner, repo, issue_number: number, body })
    return data.html_url
  } catch (error) {
    warning(
      `no comment was written: ${errorText(error)}; the job needs "pull-requests: write", which a fork's does not have`,
    )
    return undefined
  }
}
