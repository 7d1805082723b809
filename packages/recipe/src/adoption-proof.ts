import type { Adoption } from './adoption.ts'
import { parseInstructions } from './dockerfile-instructions.ts'
import { RecipeError } from './problem.ts'
import type { RenderedImage } from './render.ts'

/**
 * Proves by its Dockerfile that an adopted image is what it was made of: what was kept stands in one piece and in its order, in
 * the image and in its stages, and what has a key now is there with the same words.
 *
 * @throws {RecipeError} `invalid` naming what is missing: then nothing should be built of it
 */
export function proveAdoption({ files, name }: RenderedImage, { image }: Adoption): void {
  const instructions = parseInstructions(files.get('Dockerfile')?.content.toString() ?? '')
  const rendered = instructions.map(({ keyword, value }) => `${keyword} ${value}`)
  const missing: string[] = []
  const expectPiece = (text: unknown, from: number) => {
    const piece = parseInstructions(String(text)).map(({ keyword, value }) => `${keyword} ${value}`)
    const found = rendered.some((_, start) => start >= from && piece.every((one, at) => rendered[start + at] === one))
    if (!found) missing.push(piece.join('; '))
  }
  const last = rendered.findLastIndex((one) => one.startsWith('FROM '))
  if (image.dockerfile !== undefined) expectPiece(image.dockerfile, last)
  for (const stage of (image.stages ?? []) as readonly { readonly name: string; readonly dockerfile: string }[]) {
    expectPiece(stage.dockerfile, rendered.indexOf(`FROM \${BASE} AS ${stage.name}`))
  }
  for (const [keyword, words] of [
    ['ENTRYPOINT', image.entrypoint],
    ['CMD', image.cmd],
  ] as const) {
    const found = rendered.findLast((one) => one.startsWith(`${keyword} `))?.slice(keyword.length + 1)
    if (words !== undefined && JSON.stringify(words) !== JSON.stringify(JSON.parse(found ?? 'null')))
      missing.push(keyword)
  }
  const exposed = rendered.flatMap((one) => (one.startsWith('EXPOSE ') ? one.split(' ').slice(1) : []))
  for (const port of (image.ports ?? []) as readonly string[])
    if (!exposed.includes(port)) missing.push(`EXPOSE ${port}`)
  if (missing.length === 0) return
  const remedy = 'the definition does not stand for the Dockerfile; write it by hand'
  throw new RecipeError(
    'invalid',
    `dockerfiles/${name}: not there as in the original: ${missing.join(', ')}; ${remedy}`,
  )
}
