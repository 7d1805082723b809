// Bundles the action into one file for GitHub's runners, which install nothing.
import { join } from 'node:path'
import { type BuildOptions, build } from 'esbuild'

const root = join(import.meta.dirname, '..')

/** How programs of this repository become bundles for Node. */
export const bundleOptions = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  legalComments: 'none',
  // Engines are reached over a socket or TCP: the ssh and gRPC ways of dockerode stay out.
  alias: {
    ssh2: join(root, 'scripts', 'left-out.ts'),
    '@grpc/grpc-js': join(root, 'scripts', 'left-out.ts'),
    '@grpc/proto-loader': join(root, 'scripts', 'left-out.ts'),
  },
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url),__filename=import.meta.filename,__dirname=import.meta.dirname;",
  },
  logLevel: 'warning',
} as const satisfies BuildOptions

/** The bundle's text, the same for the same source and lock file, and what it imports when it runs. */
export async function bundle(): Promise<{ readonly text: string; readonly imports: readonly string[] }> {
  const result = await build({
    ...bundleOptions,
    entryPoints: [join(root, 'src', 'main.ts')],
    absWorkingDir: join(root, '..', '..'),
    write: false,
    metafile: true,
    outfile: 'index.js',
    minify: true,
  })
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
  return { text: result.outputFiles[0]?.text ?? '', imports: imports.map(({ path }) => path) }
}
