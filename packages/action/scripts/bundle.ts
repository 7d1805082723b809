// Bundles the actions for GitHub's runners, which install nothing.
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'
import { actionDefinitions } from '../src/definitions/actions.ts'

const leftOut = join(import.meta.dirname, 'left-out.ts')

/** What every bundle of ours is made with: modules for Node, some of whose packages are CommonJS. */
export const nodeBundle = {
  bundle: true,
  write: false,
  metafile: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  // Engines are reached over a socket or TCP: the ssh and gRPC ways of dockerode stay out.
  alias: { ssh2: leftOut, '@grpc/grpc-js': leftOut, '@grpc/proto-loader': leftOut },
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;",
  },
} as const satisfies BuildOptions

export type Bundle = {
  /** Texts by name in dist/: the same for the same source and lock file. */
  readonly files: ReadonlyMap<string, string>
  /** What is imported when it runs. */
  readonly imports: readonly string[]
}

/** All actions as one file, and beside it an entry of a line for each: a file each would be the same five megabytes seven times. */
export async function bundle(): Promise<Bundle> {
  const root = join(import.meta.dirname, '..')
  const result = await build({
    ...nodeBundle,
    entryPoints: [join(root, 'src', 'main.ts')],
    absWorkingDir: join(root, '..', '..'),
    outfile: 'main.js',
    minify: true,
    legalComments: 'none',
    logLevel: 'warning',
  })
  const entries = Object.keys(actionDefinitions).map((name): [string, string] => [
    `${name}.js`,
    `import{start}from'./main.js';await start('${name}');\n`,
  ])
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
  return {
    files: new Map([['main.js', result.outputFiles[0]?.text ?? ''], ...entries]),
    imports: imports.map(({ path }) => path),
  }
}
