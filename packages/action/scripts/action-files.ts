// Writes what says what the actions take and give: their action.yml, and the tables of the README.
import { stringify } from 'yaml'
import { type ActionDefinition, type ActionName, actionDefinitions } from '../src/definitions/actions.ts'
import { type InputDefinition, type InputName, inputDefinitions } from '../src/definitions/inputs.ts'

const names = Object.keys(actionDefinitions) as ActionName[]

/** Folder of an action, from the root of the repository. */
function folderOf(name: ActionName): string {
  return name === 'image' ? '' : `actions/${name}/`
}

/** The texts of all action.yml, by path from the root of the repository. */
export function actionFiles(): ReadonlyMap<string, string> {
  return new Map(names.map((name) => [`${folderOf(name)}action.yml`, actionFile(name)]))
}

function actionFile(name: ActionName): string {
  const { title, description, outputs, ...action }: ActionDefinition = actionDefinitions[name]
  const up = name === 'image' ? '' : '../../'
  const entry = `${up}packages/action/dist/${name}.js`
  const inputs = action.inputs.map((input) => [input, inputOf(action, input)])
  const content = {
    name: title,
    description,
    author: 'tf-images',
    branding: { icon: 'layers', color: 'blue' },
    inputs: Object.fromEntries(inputs),
    outputs: Object.fromEntries(Object.entries(outputs).map(([output, text]) => [output, { description: text }])),
    runs: { using: 'node24', main: entry, post: entry, 'post-if': 'always()' },
  }
  return `# Generated from packages/action/src/definitions; run: node setup/generate.ts\n${stringify(content, { lineWidth: 0 })}`
}

function inputOf(action: Pick<ActionDefinition, 'required'>, name: InputName) {
  const { description, default: usual }: InputDefinition = inputDefinitions[name]
  return {
    description,
    ...(action.required?.includes(name) ? { required: true } : {}),
    ...(usual === undefined ? {} : { default: usual }),
  }
}

const BEGIN = '<!-- actions: generated -->'
const END = '<!-- actions: end -->'

/** A README with the present tables between its marks. */
export function withTables(readme: string): string {
  const [before, rest = ''] = readme.split(BEGIN)
  const [, after = ''] = rest.split(END)
  return `${before}${BEGIN}\n\n${names.map(tableOf).join('\n')}\n${END}${after}`
}

function tableOf(name: ActionName): string {
  const action: ActionDefinition = actionDefinitions[name]
  const inputs = action.inputs.map((input) => {
    const { description, required = false, default: usual = '' } = inputOf(action, input)
    return [`\`${input}\``, required ? '**required**' : usual && `\`${usual}\``, cell(description)]
  })
  const outputs = Object.entries(action.outputs).map(([output, text]) => [`\`${output}\``, cell(text)])
  const uses = name === 'image' ? 'threefoldtech/tf-images@v1' : `threefoldtech/tf-images/actions/${name}@v1`
  return [
    `## \`${uses}\`\n\n${action.description}.\n\n`,
    `${table([['input', 'default', ''], ...inputs])}\n`,
    table([['output', ''], ...outputs]),
  ].join('')
}

/** A table as the formatter writes it; the first row is its head. */
function table([head = [], ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, at) => Math.max(3, ...[head, ...rows].map((row) => (row[at] ?? '').length)))
  const line = (cells: readonly string[]) =>
    `| ${cells.map((text, at) => text.padEnd(widths[at] ?? 0)).join(' | ')} |\n`
  return [head, widths.map((width) => '-'.repeat(width)), ...rows].map(line).join('')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('<', '&lt;')
}
