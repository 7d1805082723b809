import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

const SNIPPETS = 30

/**
 * Writes recipes of so many small images: a tenth on the base, three tenths on those, the rest on these; each with a few of
 * thirty shared snippets and a file of its own.
 */
export async function writePlanRecipes(root: string, base: string, count: number): Promise<void> {
  const recipes = join(root, 'recipes')
  await writeFiles(recipes, {
    'recipes.yaml': `registry: ghcr.io/example/images\nbases:\n  tiny: { reference: "${base}", family: debian }\n`,
  })
  for (let number = 0; number < SNIPPETS; number++)
    await writeSnippet(join(recipes, 'snippets', `part-${number}`), number)
  for (let number = 0; number < count; number++) {
    await writeFiles(join(recipes, 'images', imageName(number)), { 'image.yaml': imageText(number, count) })
  }
}

function imageName(number: number): string {
  return `image-${String(number).padStart(4, '0')}`
}

function imageText(number: number, count: number): string {
  const [first, second] = [Math.ceil(count / 10), Math.ceil((count * 4) / 10)]
  const [wave, below] =
    number < first ? [0, 0] : number < second ? [1, number % first] : [2, first + (number % (second - first))]
  const base = wave === 0 ? 'tiny' : `{ image: ${imageName(below)} }`
  // A snippet that is below must not be listed again: each wave has ten of its own.
  const own = [0, 1, 2].map((step) => `part-${wave * 10 + ((number + step * 3) % 10)}`)
  return `description: Image ${number} of a large catalogue
base: ${base}
snippets:
${own.map((name) => `  - ${name}: { level: ${number % 7} }`).join('\n')}
environment: { NUMBER: "${number}" }
files:
  - { target: /etc/numbers/${number}, content: "${number}\\n" }
labels: { org.opencontainers.image.version: "1.${number}" }
`
}

function writeSnippet(folder: string, number: number): Promise<void> {
  return writeFiles(folder, {
    'snippet.yaml': `description: Part ${number} of many images
version: "1.${number}"
options: { level: { type: number, default: 1, integer: true } }
packages: { apt: [package-${number}, other-${number}] }
files:
  - { target: /etc/part-${number}.conf, source: part.conf.hbs }
run: ["part-${number} --level {{level}}"]
`,
    'part.conf.hbs': `# ${number}\nlevel = {{level}}\n`,
  })
}

async function writeFiles(folder: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const [name, text] of Object.entries(files)) await writeFile(join(folder, name), text)
}
