import { writeFile } from 'node:fs/promises'
import { generatedPath, renderThreadSource, THREADS } from './thread-source.ts'

for (const thread of THREADS) await writeFile(generatedPath(thread), await renderThreadSource(thread))
