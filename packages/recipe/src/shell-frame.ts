/** What the text at a point stands in, as the grammar of a shell nests it. */
export type Frame =
  | 'code'
  | 'parenthesis'
  | 'substitution'
  | 'single'
  | 'double'
  | 'parameter'
  | 'arithmetic'
  | 'group'
  | 'backquote'
  | 'comment'

/** What an image maintainer is told. */
export const FRAME_NAMES: Readonly<Record<Frame, string>> = {
  code: 'plain text',
  parenthesis: 'a parenthesis',
  substitution: 'a parenthesis',
  single: 'single quotes',
  double: 'double quotes',
  parameter: `\${…}`,
  arithmetic: '$((…))',
  group: '$((…))',
  backquote: 'backquotes',
  comment: 'a comment',
}

/** Where a shell reads words and operators. */
export function isCode(frame: Frame): boolean {
  return frame === 'code' || frame === 'parenthesis' || frame === 'substitution'
}
