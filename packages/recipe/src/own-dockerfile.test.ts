import { expect, test } from 'vitest'
import { readOwnDockerfile } from './own-dockerfile.ts'

const read = (...lines: string[]) => readOwnDockerfile('Dockerfile', lines.join('\n'), 'linux/amd64')
/** Every image as `pinned/…`. */
function pinned(...lines: string[]): string[] {
  const { images, withImages } = read(...lines)
  return withImages(new Map(images.map((image) => [image, `pinned/${image}`]))).split('\n')
}

test('stages on images of several registries, each of which is pinned where it is named', () => {
  const lines = ['FROM golang:1.22 AS build', 'RUN make', 'FROM ghcr.io/some/app:2', 'COPY --from=build /a /a']
  expect(read(...lines)).toMatchObject({ images: ['golang:1.22', 'ghcr.io/some/app:2'], base: 'ghcr.io/some/app:2' })
  expect(pinned(...lines)).toEqual([
    'FROM pinned/golang:1.22 AS build',
    'RUN make',
    'FROM pinned/ghcr.io/some/app:2',
    'COPY --from=build /a /a',
  ])
})

test('a stage on a stage is on what that is on; names are not told apart by their case', () => {
  const lines = [
    'FROM alpine AS Base',
    'FROM debian AS other',
    'FROM base AS last',
    'COPY --from=0 /a /',
    'COPY --from=OTHER /b /',
  ]
  expect(read(...lines)).toMatchObject({ images: ['alpine', 'debian'], base: 'alpine' })
  expect(pinned(...lines)[2]).toBe('FROM base AS last')
})

test('a stage called like an image is that stage only after it began', () => {
  const { images, base } = read('FROM alpine AS alpine', 'RUN true', 'FROM alpine')
  expect({ images, base }).toEqual({ images: ['alpine'], base: 'alpine' })
  expect(pinned('FROM alpine AS alpine', 'FROM alpine')).toEqual(['FROM pinned/alpine AS alpine', 'FROM alpine'])
})

test('nothing at all is a base, too', () => {
  const lines = ['FROM alpine AS build', 'FROM scratch', 'COPY --from=build / /']
  expect(read(...lines)).toMatchObject({ images: ['alpine'], base: undefined })
  expect(pinned(...lines)[1]).toBe('FROM scratch')
})

test('what is copied out of an image is pinned as well', () => {
  expect(pinned('FROM alpine', 'COPY --chown=1 --from=nginx:1.27 /etc/nginx \\', '  /etc/', 'USER 1')).toEqual([
    'FROM pinned/alpine',
    'COPY --chown=1 --from=pinned/nginx:1.27 /etc/nginx   /etc/',
    '',
    'USER 1',
  ])
})

test.each([
  [['ARG TAG=3.20'], 'alpine:$TAG', 'alpine:3.20'],
  [['ARG REPO="docker.io/library"', `ARG IMAGE=\${REPO}/alpine`], `\${IMAGE}:3`, 'docker.io/library/alpine:3'],
  [['ARG A=1 B=2'], 'alpine:$A.$B', 'alpine:1.2'],
  [['ARG A'], `alpine:\${A:-3}`, 'alpine:3'],
  [['ARG A'], `alpine\${A:+:3}`, 'alpine'],
  [['ARG A=x'], `"alpine\${A:+:3}"`, 'alpine:3'],
  [[], '--platform=$BUILDPLATFORM alpine', 'alpine'],
  [[], `app-\${TARGETARCH}:1`, 'app-amd64:1'],
])('with %j, FROM %s is %s', (declared, from, expected) => {
  expect(read(...declared, `FROM ${from}`)).toMatchObject({ images: [expected], base: expected })
})

test('arguments of the platform that stages ask for have values', () => {
  const { platformArguments } = read('FROM alpine', 'ARG TARGETARCH', 'ARG OTHER', 'ARG TARGETOS=plan9')
  expect(platformArguments).toEqual({ TARGETARCH: 'amd64' })
})

test('comments, an instruction over several lines and a byte order mark: lines keep their numbers', () => {
  expect(pinned('\uFEFF# a', 'FROM \\', '# b', '  alpine \\', ' AS x', 'RUN a \\', '  && b')).toEqual([
    '\uFEFF# a',
    'FROM pinned/alpine AS x',
    '# b',
    '',
    '',
    'RUN a \\',
    '  && b',
  ])
})

test('another mark for lines that go on', () => {
  expect(pinned('# syntax=docker/dockerfile:1', '# escape=`', 'FROM `', '  alpine', 'COPY a\\ b')).toEqual([
    '# syntax=docker/dockerfile:1',
    '# escape=`',
    'FROM pinned/alpine',
    '',
    'COPY a\\ b',
  ])
})

test.each([
  [['# nothing'], 'Dockerfile:1:1: there is no FROM; it is no Dockerfile'],
  [['RUN a', 'FROM b'], 'Dockerfile:1:1: RUN before the first FROM; only ARG can be there'],
  [['FROM $A'], 'Dockerfile:1:1: A has no value here; write ARG A=… before the first FROM'],
  [
    ['FROM --platform=linux/arm64 a'],
    'Dockerfile:1:1: --platform=linux/arm64: it is built for linux/amd64 alone; leave it out',
  ],
  [['FROM a AS'], 'Dockerfile:1:1: it names no image; write FROM image, or FROM image AS name'],
  [
    ['FROM a', 'COPY --from=$b /a /'],
    'Dockerfile:2:1: COPY --from takes no variables; make it a stage: FROM … AS name',
  ],
  [['FROM a', 'COPY --chmod=1 a /'], 'Dockerfile:2:1: this flag needs BuildKit; leave it out'],
  [['FROM a', 'RUN <<EOF', 'b', 'EOF'], 'Dockerfile:2:1: here-documents need BuildKit; put the text into a file'],
  [['FROM a', 'COYP b /'], 'Dockerfile:2:1: no instruction "COYP"; did you mean "COPY"?'],
  [['FROM ghcr.io/A B/c'], 'Dockerfile:1:1: it names no image'],
  [['FROM Alpine'], 'Dockerfile:1:1: "Alpine" is no image reference'],
])('%j is refused', (lines, message) => {
  expect(() => read(...lines)).toThrow(message)
})
