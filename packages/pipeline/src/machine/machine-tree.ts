import { mkdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { VmDefinition } from '@tf-images/recipe/machines'
import { bootstrapMachine, type LintReport, type MachineStep } from '@tf-images/vm'
import { findingLines, requireContract } from '../contract/gate.ts'
import type { PhaseRunner } from '../progress.ts'
import type { VmOptions } from './bring-up-vm.ts'
import { definitionFailure, formatPlace } from './definition-failure.ts'
import { packagedKernelOf } from './machine-disk.ts'

/**
 * Makes the root directory of a machine from its definition, and lets only one pass that zos would start.
 *
 * @throws VmError, PipelineError 'bad-definition' with the line to blame, 'not-bootable'
 */
export async function makeTree(
  definition: VmDefinition,
  directory: string,
  options: VmOptions,
  phases: PhaseRunner,
): Promise<LintReport> {
  const { distribution, bootstrap: tool, release, components, kernel, packages, steps, users } = definition
  const { mirror, snapshot, keyring = definition.keyring, packageCache, sourceDateEpoch, environment, signal } = options
  await mkdir(dirname(directory), { recursive: true })
  const { report } = await phases.run('bootstrap', `${release} with ${kernel}`, ({ update }) =>
    bootstrapMachine({
      distribution,
      tool,
      release,
      components,
      kernel,
      include: packages,
      steps: steps.map(machineStep),
      users,
      directory,
      packagedKernel: packagedKernelOf(directory),
      sourceDateEpoch,
      onProgress: update,
      ...(mirror === undefined ? {} : { mirror }),
      ...(snapshot === undefined ? {} : { snapshot }),
      ...(keyring === undefined ? {} : { keyring }),
      ...(packageCache === undefined
        ? {}
        : { packageCache: join(packageCache, release), downloadCache: join(packageCache, 'downloads') }),
      ...(environment ? { environment } : {}),
      ...(signal ? { signal } : {}),
    }).catch((error: unknown) => {
      throw definitionFailure(definition, error)
    }),
  )
  await phases.run(
    'lint',
    'comparing with the boot contract',
    async ({ line }) => {
      for (const text of findingLines(report)) line(text)
    },
    () => `${report.errors} errors, ${report.warnings} warnings`,
  )
  requireContract(definition.file, report, (code) =>
    code.startsWith('kernel-') ? formatPlace(definition.places.kernel) : undefined,
  )
  return report
}

function machineStep(step: VmDefinition['steps'][number]): MachineStep {
  if (step.kind === 'file') return step
  if (step.kind === 'download') return { ...step, place: formatPlace(step.place) }
  return { ...step, commands: step.commands.map(({ text, place }) => ({ text, place: formatPlace(place) })) }
}
