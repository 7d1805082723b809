import type { Base } from './recipes-schema.ts'
import type { VmYaml } from './vm-schema.ts'

type Distribution = VmYaml['distribution']

/** Releases by their code names, as bases and the `distributions` of snippets call them. */
const versions: Readonly<Record<string, string>> = {
  bullseye: '11',
  bookworm: '12',
  trixie: '13',
  jammy: '22.04',
  noble: '24.04',
}

/** What a machine of a distribution stands on, as the bases of images have it; there is no image to refer to. */
export function machineBase(distribution: Distribution, release: string): Base & { readonly name: string } {
  const family = distribution === 'arch' ? 'arch' : 'debian'
  return { name: `${distribution}:${versions[release] ?? release}`, family, reference: '' }
}

/** The distribution of a base, where machines can be made of it. */
export function distributionOf({ name }: { readonly name: string }): Distribution | undefined {
  const [distribution] = name.split(':')
  return distribution === 'debian' || distribution === 'ubuntu' ? distribution : undefined
}
