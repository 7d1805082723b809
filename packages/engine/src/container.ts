import type { Container as DockerContainer } from 'dockerode'
import type { Engine } from './connection.ts'
import type { EngineErrorCode } from './errors.ts'
import { type Attempt, engineFailure, statusOf } from './failures.ts'
import { readFrames } from './output-frames.ts'

export type ContainerOptions = {
  /** Variables, besides those of the image. */
  readonly environment?: ReadonlyMap<string, string>
  /** What is started instead of what the image names; a shell script needs a shell in the image. */
  readonly entrypoint?: readonly string[]
  readonly labels?: Readonly<Record<string, string>>
  /** What systemd needs as the first process: more rights, the control groups, and folders in memory. */
  readonly forSystemd?: boolean
  readonly signal?: AbortSignal
}

/** What a command in a container said, both streams as they came, and how it ended. */
export type CommandOutcome = { readonly exitCode: number | undefined; readonly output: string }

/** A container that was started. No port of it is published; it is gone, with its volumes, when it is removed. */
export type Container = {
  readonly id: string
  /**
   * Runs a command in it as root and waits for its end.
   *
   * @throws EngineError 'refused' when the container does not run, 'cancelled'
   */
  run(command: readonly string[], options?: { readonly signal?: AbortSignal }): Promise<CommandOutcome>
  /** Whether it runs; else the exit code of its first process. */
  state(): Promise<{ readonly running: boolean; readonly exitCode: number }>
  /** The end of what its first process said. */
  logs(): Promise<string>
  /** Ends it as a machine that loses its power, and starts it again: with its files, and a new standard output. */
  restart(): Promise<void>
  remove(): Promise<void>
}

/** Bytes of output that are kept. */
const KEPT = 65_536

/**
 * Makes a container of an image and starts it.
 *
 * @throws EngineError 'not-found', 'refused', 'cancelled'; nothing is left then
 */
export async function startContainer(
  engine: Engine,
  image: string,
  options: ContainerOptions = {},
): Promise<Container> {
  const { environment = new Map(), entrypoint, labels, signal } = options
  const attempt = attemptOn(engine, image, signal)
  try {
    signal?.throwIfAborted()
    const container = await engine.docker.createContainer({
      Image: image,
      Env: [...environment].map(([name, value]) => `${name}=${value}`),
      ...(entrypoint ? { Entrypoint: [...entrypoint], Cmd: [] } : {}),
      ...(labels ? { Labels: { ...labels } } : {}),
      HostConfig: options.forSystemd ? await systemdSettings(engine) : {},
    })
    const started = containerOf(engine, container, image)
    try {
      await container.start(signal ? { abortSignal: signal } : {})
      return started
    } catch (error) {
      await started.remove()
      throw error
    }
  } catch (error) {
    throw engineFailure(error, attempt)
  }
}

function containerOf(engine: Engine, container: DockerContainer, image: string): Container {
  const guarded = async <T>(work: () => Promise<T>, signal?: AbortSignal): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      throw engineFailure(error, attemptOn(engine, `container of ${image}`, signal))
    }
  }
  return {
    id: container.id,
    run: (command, { signal } = {}) => guarded(() => runIn(container, command, signal), signal),
    state: () =>
      guarded(async () => {
        const { Running, ExitCode } = (await container.inspect()).State
        return { running: Running, exitCode: ExitCode }
      }),
    logs: () =>
      guarded(async () => {
        const bytes = await container.logs({ stdout: true, stderr: true, tail: 1000 })
        return readFrames([bytes], KEPT)
      }),
    restart: () =>
      guarded(async () => {
        // Without a second to end by itself.
        await container.restart({ t: 0 })
      }),
    remove: () =>
      guarded(async () => {
        await container.remove({ force: true, v: true }).catch((error: unknown) => {
          if (statusOf(error) !== 404) throw error
        })
      }),
  }
}

async function runIn(
  container: DockerContainer,
  command: readonly string[],
  signal: AbortSignal | undefined,
): Promise<CommandOutcome> {
  signal?.throwIfAborted()
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true, User: '0' })
  const stream = await exec.start({ hijack: true, stdin: false })
  const stop = () => stream.destroy(new Error('stopped'))
  signal?.addEventListener('abort', stop)
  try {
    const output = await readFrames(stream, KEPT)
    const { ExitCode } = await exec.inspect()
    return { exitCode: ExitCode ?? undefined, output }
  } finally {
    signal?.removeEventListener('abort', stop)
    stream.destroy()
  }
}

/**
 * systemd(1) as a container's first process: it mounts, and it makes control groups. With version 1 of these it finds its own
 * hierarchy where it is on the host; with version 2 only a privileged container may write to those it is in.
 */
async function systemdSettings(engine: Engine): Promise<object> {
  const folders = { '/run': 'exec', '/run/lock': '', '/tmp': 'exec' }
  const { CgroupVersion } = (await engine.docker.info()) as { readonly CgroupVersion?: string }
  if (CgroupVersion === '2') return { Privileged: true, CgroupnsMode: 'private', Tmpfs: folders }
  return {
    CapAdd: ['SYS_ADMIN'],
    SecurityOpt: ['seccomp=unconfined'],
    Binds: ['/sys/fs/cgroup:/sys/fs/cgroup:ro'],
    Tmpfs: folders,
  }
}

function attemptOn(engine: Engine, object: string, signal?: AbortSignal, code: EngineErrorCode = 'refused'): Attempt {
  return { code, object, address: engine.address, signal, remedy: 'see "docker events" and the log of the engine' }
}
