import { describe, expect, test } from 'vitest'
import { convertPath, temporaryFolder, writeImage } from '../../test/converted.ts'
import type { Fidelity } from './fidelity.ts'

async function fidelityOfImage(config: object): Promise<Fidelity> {
  const folder = await temporaryFolder()
  return (await convertPath(folder, await writeImage(folder, [], config))).fidelity
}

describe('the image config', () => {
  test('has each field mapped, with what it means', async () => {
    const { findings, config } = await fidelityOfImage({
      Entrypoint: ['/init'],
      Cmd: ['serve'],
      Env: ['A=b'],
      ExposedPorts: { '80/tcp': {}, '8000-8010/tcp': {} },
      Volumes: { '/data': {} },
      User: 'www-data',
      WorkingDir: '/srv',
      Labels: { a: 'b' },
      StopSignal: 'SIGQUIT',
      Healthcheck: { Test: ['CMD', 'true'] },
      OnBuild: ['RUN true'],
      Shell: ['/bin/bash'],
      Hostname: 'builder',
      Domainname: '',
    })
    expect(config.map(({ field, mapping, row = '' }) => `${field} ${mapping} ${row}`.trim())).toEqual([
      'Entrypoint kept entrypoint',
      'Cmd kept entrypoint',
      'Env kept environ',
      'ExposedPorts kept port',
      'Volumes kept volume',
      'User recorded image.user',
      'WorkingDir recorded image.workingDir',
      'Labels recorded image.labels',
      'StopSignal recorded image.stopSignal',
      'Healthcheck recorded image.healthcheck',
      'OnBuild unused',
      'Shell unused',
      'Hostname unused',
      'ExposedPorts["8000-8010/tcp"] lost',
    ])
    expect(findings.map(({ class: name, severity, count }) => [name, severity, count])).toEqual([
      ['config-lost', 'lost', 1],
      ['config-recorded', 'changed', 5],
      ['config-unused', 'note', 3],
    ])
    expect(findings[1]?.examples[0]).toEqual({
      path: 'config.User',
      consequence: 'is not switched to: the command starts as root',
    })
  })

  test('that is empty has nothing mapped', async () => {
    expect(await fidelityOfImage({ Env: [], Cmd: null, Labels: {}, User: '' })).toEqual({ findings: [], config: [] })
  })
})
