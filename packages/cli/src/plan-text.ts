import type { Plan, PlanAction, PlannedImage } from '@tf-images/pipeline'

const MARKS: Readonly<Record<PlanAction, string>> = {
  build: '+',
  convert: '~',
  publish: '~',
  relink: '~',
  blocked: '!',
  nothing: ' ',
}

const SUMMARIES: Readonly<Record<PlanAction, string>> = {
  build: 'to build',
  convert: 'to convert',
  publish: 'to publish',
  relink: 'to relink',
  blocked: 'blocked',
  nothing: 'up to date',
}

/** Of one image; `--json` has all. */
const MOST_REASONS = 4

/** A plan for a terminal: a line for each image, more where there are more reasons, then what it comes to. */
export function planText({ images, legs, requests, notes }: Plan): string {
  if (images.length === 0) return 'no image is touched'
  const width = Math.max(...images.map(({ name }) => name.length))
  const rows = images.flatMap((image) => imageLines(image, width))
  const counts = (Object.keys(SUMMARIES) as PlanAction[]).flatMap((action) => {
    const count = images.filter((image) => image.action === action).length
    return count === 0 ? [] : [`${count} ${SUMMARIES[action]}`]
  })
  const waves = new Set(legs.map(({ wave }) => wave)).size
  const cost = legs.reduce((total, leg) => total + leg.cost, 0)
  const work =
    legs.length === 0 ? '' : `; ${plural(legs.length, 'leg')} in ${plural(waves, 'wave')}, about ${span(cost)} of work`
  const total = `${plural(images.length, 'image')}: ${counts.join(', ')}${work}; ${plural(requests, 'request')}`
  return [...rows, '', total, ...notes.map((note) => `note: ${note}`)].join('\n')
}

function imageLines({ name, action, reasons }: PlannedImage, width: number): string[] {
  const start = `${MARKS[action]} ${name.padEnd(width)}  ${action.padEnd(7)}  `
  const texts = reasons.slice(0, MOST_REASONS).map(({ text }) => showable(text))
  const more = reasons.length - texts.length
  const lines = more > 0 ? [...texts, `and ${plural(more, 'reason')} more`] : texts
  return lines.map((text, index) => `${index === 0 ? start : ' '.repeat(start.length)}${text}`)
}

/** What labels and links of others say must not move the cursor. */
function showable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f]/g, '·')
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

function span(seconds: number): string {
  if (seconds < 100) return `${seconds} s`
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`
}
