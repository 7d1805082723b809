import { expect, test } from 'vitest'
import { MARKER } from './comment.ts'
import { planMarkdown } from './plan-summary.ts'
import { pullRequestMarkdown } from './pull-request-text.ts'
import { SUMMARY_LIMIT, summaryMarkdown } from './summary.ts'

const image = (name: string, reason = 'new') =>
  ({
    name,
    status: 'published',
    decision: { action: 'build', reason },
    buildId: '1a2b',
    base: 'debian',
    reference: `ghcr.io/o/${name}@sha256:00`,
    flist: `${name}-1a2b.flist`,
    link: `${name}.flist`,
    linkUrl: `https://hub.example/alice/${name}.flist`,
    durations: { build: 1200 },
    conversion: {
      flist: 'x',
      files: 10,
      directories: 1,
      symlinks: 0,
      specials: 0,
      bytes: 5_000_000,
      chunks: 12,
      uniqueChunks: 11,
      treeHash: 'ab'.repeat(32),
      contentHash: 'cd'.repeat(32),
      flistBytes: 20_000,
      newChunks: 1,
      newBytes: 1000,
      layers: { total: 3, cached: 2 },
      fidelity: { findings: [], config: [] },
    },
    difference: {
      before: { bytes: 4_000_000, files: 9 },
      packages: {
        added: [{ name: 'curl', version: '8' }],
        removed: [],
        changed: [{ name: 'nginx', from: '1', to: '2' }],
      },
      chunks: { newBytes: 1_000_000, newChunks: 2, sharedBytes: 4_000_000 },
    },
  }) as unknown as Parameters<typeof summaryMarkdown>[0]['images'][number]

/** As it is shown. */
function plain(markdown: string): string {
  return markdown.replaceAll(/&#(\d+);/g, (_, number) => String.fromCharCode(Number(number)))
}

test('a summary says what, why, sizes, what is not held, where, and how to do it again', () => {
  const markdown = summaryMarkdown({ title: 'Flists', images: [image('nginx')], failures: [], registry: 'ghcr.io/o' })
  for (const part of [
    '| nginx | published | new |',
    '5.00 MB',
    '1 of 3 converted',
    'nothing is missing',
    './flist up nginx',
  ])
    expect(plain(markdown)).toContain(part)
  expect(plain(markdown)).toContain('href="https://hub.example/alice/nginx.flist"')
})

test('failures come first, with their place', () => {
  const failures = [{ image: 'nginx', error: 'does not build', place: { file: 'recipes/a.yaml', line: 3, column: 1 } }]
  const markdown = summaryMarkdown({ title: 'Flists', images: [image('redis')], failures })
  expect(markdown.indexOf('does not build')).toBeLessThan(markdown.indexOf('redis'))
  expect(markdown).toContain('recipes/a.yaml&#58;3')
})

test('a summary over the limit is cut at a row, with a word', () => {
  const images = Array.from({ length: 3_000 }, (_, n) => image(`image-${n}`, 'ü'.repeat(300)))
  const markdown = summaryMarkdown({ title: 'Flists', images, failures: [] })
  expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(SUMMARY_LIMIT)
  expect(markdown.trimEnd()).toMatch(/\|\n\n\*\*The rest has no room here; it is in the log\.\*\*$/)
})

test('names and reasons are no markup', () => {
  const reason = '</td><script>alert(1)</script> | [x](http://evil) @everyone'
  const failures = [{ image: 'a|b', error: '<img src=x onerror=1>\n\n# heading' }]
  const markdown = summaryMarkdown({ title: '<b>', images: [image('nginx', reason)], failures })
  expect(markdown).not.toMatch(/<script|<img|<b>|\]\(http|@everyone|^# heading/m)
})

test('a plan of 300 images fits, and what has no room is said', () => {
  const planned = (n: number) => ({
    name: `image-${n}`,
    action: 'build' as const,
    reasons: [{ kind: 'snippet' as const, text: 'snippet <sshd> 1.2 → 1.3' }],
    link: 'x',
    base: 'debian',
    wave: 0,
    cost: 1,
  })
  const images = Array.from({ length: 300 }, (_, n) => planned(n))
  const legs = [{ id: '0-00', wave: 0, images: images.map(({ name }) => name), cost: 300 }]
  const plan = { version: 1, registry: 'r', platform: 'p', images, legs, requests: 1, notes: [] } as const
  expect(planMarkdown(plan)).toContain('| image-299 | build | snippet &#60;sshd&#62; 1.2 → 1.3 | 0-00 |')
  expect(planMarkdown(plan, 2_000)).toContain('no room here')
  expect(Buffer.byteLength(planMarkdown(plan, 2_000))).toBeLessThanOrEqual(2_000)
})

test('a comment has sizes, chunks and packages of each image, and the rendered difference', () => {
  const difference = '--- a/dockerfiles/x\n+++ b/dockerfiles/x\n+RUN echo ```hi```\n'
  const markdown = pullRequestMarkdown({ images: [image('nginx')], failures: [], difference })
  expect(markdown).toContain('| nginx | 5.00 MB | +1.00 MB | 1.00 MB new, 4.00 MB shared |')
  expect(markdown).toContain('<code>curl 8</code>')
  expect(markdown).toContain('1 → 2')
  // A fence that what is inside does not end.
  expect(markdown).toContain('````diff\n')
})

test('a comment is never longer than GitHub takes', () => {
  const images = Array.from({ length: 3_000 }, (_, n) => image(`image-${n}`))
  const markdown = pullRequestMarkdown({ images, failures: [], difference: '+x\n'.repeat(100_000) })
  expect(MARKER.length + 1 + markdown.length).toBeLessThanOrEqual(65_536)
  expect(markdown).toContain('The rest has no room here')
})
