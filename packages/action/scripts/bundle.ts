// Bundles the action into one file for GitHub's runners, which install nothing.
import { join } from 'node:path'
import { build } from 'esbuild'

/** The bundle's text, the same for the same source and lock file, and what it imports when it runs. */
export async function bundle(): Promise<{ readonly text: string; readonly imports: readonly string[] }> {
  const root = join(import.meta.dirname, '..')
  const result = await build({
    entryPoints: [join(root, 'src', 'main.ts')],
    absWorkingDir: join(root, '..', '..'),
    bundle: true,
    write: false,
    metafile: true,
    outfile: 'index.js',
    platform: 'node',
    target: 'node24',
    format: 'esm',
    minify: true,
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
  })
  const imports = Object.values(result.metafile.outputs).flatMap((output) => output.imports)
  return { text: result.outputFiles[0]?.text ?? '', imports: imports.map(({ path }) => path) }
}
