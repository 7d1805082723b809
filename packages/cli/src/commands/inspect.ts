import { type Flist, type FlistEntry, FlistError, type FlRoute, readFile } from '@tf-images/flist'
import type { OpenedFlist } from '@tf-images/pipeline'
import { openFlistAt } from '@tf-images/pipeline/reading'
import type { Command } from 'commander'
import { type CommandContext, innerPath, printResult, toText } from '../context.ts'
import { resolvePath } from '../link-resolution.ts'
import { describeNode, listingLine, nodeAsJson } from '../listing.ts'

type Options = { readonly chunks?: string; readonly recursive?: boolean; readonly json?: boolean }

/** The argument and option that all of these have. */
function fromFlist(command: Command): Command {
  return command
    .argument('<flist>', 'path of a flist, or its http(s) address on a hub')
    .option(
      '--chunks <store>',
      'chunk store: a directory or zdb://host:port/namespace; by default the flist’s own backend',
    )
}

export function defineLs(command: Command, context: CommandContext): void {
  fromFlist(command)
    .argument('[path]', 'path inside', '/')
    .option('-R, --recursive', 'everything below')
    .option('--json', 'print the entries as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n  flist ls nginx.flist /etc\n  flist ls https://hub.grid.tf/tf-official-apps/nginx.flist -R',
    )
    .action((location, path, options: Options) => list(location, path, options, context))
}

export function defineStat(command: Command, context: CommandContext): void {
  fromFlist(command)
    .argument('[path]', 'path inside', '/')
    .option('--json', 'print it as JSON')
    .addHelpText('after', '\nExamples:\n  flist stat nginx.flist\n  flist stat nginx.flist /usr/sbin/nginx --json')
    .action((location, path, options: Options) => show(location, path, options, context))
}

export function defineCat(command: Command, context: CommandContext): void {
  fromFlist(command)
    .argument('<path>', 'path inside')
    .option('--json', 'print the content as JSON: {"path", "size", "base64"}')
    .addHelpText('after', '\nExample:\n  flist cat nginx.flist /etc/os-release --chunks ./chunks')
    .action((location, path, options: Options) => cat(location, path, options, context))
}

async function list(location: string, path: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const top = innerPath(path)
  const entries = entriesBelow(opened.flist, top, options.recursive === true)
  if (options.json) {
    const json = entries.map((entry) => nodeAsJson(entry.path, entry.node, opened.flist.chunkFormat))
    return printResult(context, true, json, '')
  }
  const lines = entries.map(({ path: full, name, node }) => listingLine(options.recursive ? `/${full}` : name, node))
  // Names are bytes; they go out as they are.
  context.out.write(Buffer.from(lines.map((line) => `${line}\n`).join(''), 'latin1'))
}

/** The entries of a directory, or all below it; the entry itself when it is no directory. */
function entriesBelow(flist: Flist, asked: string, recursive: boolean): FlistEntry[] {
  const { path, node } = resolvePath(flist, asked)
  if (node.type !== 'directory') return [{ path, name: path.slice(path.lastIndexOf('/') + 1), node }]
  if (!recursive) return flist.list(node)
  const prefix = path === '' ? '' : `${path}/`
  return [...flist.walk()].filter((entry) => entry.path !== '' && entry.path.startsWith(prefix))
}

async function show(location: string, path: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const inner = innerPath(path)
  const node = opened.flist.lookup(inner) ?? resolvePath(opened.flist, inner).node
  const json = {
    ...nodeAsJson(inner, node, opened.flist.chunkFormat),
    ...(inner === '' ? flistAsJson(opened.flist) : {}),
  }
  const about = inner === '' ? `${metadataLines(opened).join('\n')}\n` : ''
  printResult(context, options.json, json, `${describeNode(inner, node, opened.flist.chunkFormat)}\n${about}`)
}

function flistAsJson(flist: Flist): Record<string, unknown> {
  return { metadata: flist.metadata, ...(flist.database.format === 'fl' ? { routes: flist.database.routes() } : {}) }
}

function metadataLines({ flist }: OpenedFlist): string[] {
  const rows = Object.entries(flist.metadata).map(
    ([key, value]) => `${key.padEnd(11)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const routes = flist.database.format === 'fl' ? flist.database.routes() : []
  return [...rows, ...routes.map(routeLine)]
}

/** The first bytes of the ids a route has, and where it leads. */
function routeLine({ start, end, url }: FlRoute): string {
  const hex = (byte: number) => byte.toString(16).padStart(2, '0')
  return `${'route'.padEnd(11)} ${hex(start)}-${hex(end)} ${url}`
}

async function cat(location: string, path: string, options: Options, context: CommandContext): Promise<void> {
  await using opened = await openFlistAt(location, options.chunks)
  const inner = innerPath(path)
  const { node } = resolvePath(opened.flist, inner)
  if (node.type !== 'file')
    throw new FlistError('not-found', `${location}: "/${toText(inner)}" is a ${node.type}; name a file`)
  const parts: Uint8Array[] = []
  const reading = { format: opened.flist.chunkFormat, signal: context.signal }
  for await (const bytes of readFile(node, await opened.chunks(), reading)) {
    if (options.json) parts.push(bytes)
    else if (!context.out.write(bytes)) await new Promise((resolve) => context.out.once('drain', resolve))
  }
  if (!options.json) return
  const content = Buffer.concat(parts)
  printResult(
    context,
    true,
    { path: `/${toText(inner)}`, size: content.length, base64: content.toString('base64') },
    '',
  )
}
