import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { renderThreadSource } from './thread-source.ts'

await writeFile(join(import.meta.dirname, '../src/decompression-thread.generated.ts'), await renderThreadSource())
