#!/usr/bin/env node
import { Command, CommanderError } from 'commander'
import { commands } from './commands.ts'
import type { CommandContext } from './context.ts'
import { Difference, exitCodeOf, exitCodes } from './exit-codes.ts'
import { problemText } from './problem-text.ts'
import { terminalProgress } from './terminal-progress.ts'

const interrupt = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    process.stderr.write('\nstopping; press Ctrl-C again to stop at once\n')
    interrupt.abort()
    process.once('SIGINT', () => process.exit(exitCodes.interrupted))
  })
}
// A reader that closes the pipe early (`| head`) is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) =>
  process.exit(error.code === 'EPIPE' ? exitCodes.done : exitCodes.failed),
)

process.once('beforeExit', stopInTheMiddle)
run()
  .catch(fail)
  .finally(() => process.off('beforeExit', stopInTheMiddle))

async function run(): Promise<void> {
  const program = await commandLine({
    out: process.stdout,
    err: process.stderr,
    progress: terminalProgress(process.stderr),
    signal: interrupt.signal,
  })
  await program.parseAsync()
}

/** Nothing is left to do that what we wait for could come from: a fault of ours, which must not look like success. */
function stopInTheMiddle(): void {
  process.exitCode = exitCodes.failed
  process.stderr.write(
    'flist: stopped in the middle of its work, as it waits for nothing any more; please report this\n',
  )
}

function fail(error: unknown): void {
  process.exitCode = interrupt.signal.aborted ? exitCodes.interrupted : exitCodeOf(error)
  if (interrupt.signal.aborted)
    process.stderr.write('flist: interrupted; run the command again to go on where it stopped\n')
  else if (!(error instanceof CommanderError)) process.stderr.write(`flist: ${problemText(error)}\n`)
  if (process.env.FLIST_DEBUG && error instanceof Error && !(error instanceof Difference))
    process.stderr.write(`${error.stack}\n`)
}

async function commandLine(context: CommandContext): Promise<Command> {
  const program = new Command('flist')
    .description('Recipes to Dockerfiles, Dockerfiles to images, images to flists, flists to the hub.')
    .exitOverride()
    .showHelpAfterError('(run with --help for the options and examples)')
    .addHelpText(
      'after',
      `
Examples:
  npm start                                  the whole line on this machine
  flist convert debian:12 -o debian.flist --chunks ./chunks
  flist ls debian.flist /etc

Exit status: 0 done, 1 failed, 2 wrong command, settings or recipes, 3 a difference or problem was found, 130 interrupted.
Environment: FLIST_REGISTRY, FLIST_HUB_URL, FLIST_HUB_GATEWAY, FLIST_HUB_BACKEND, FLIST_HUB_USER, FLIST_HUB_TOKEN,
DOCKER_HOST, DOCKER_CONFIG; FLIST_DEBUG=1 adds stack traces to errors.`,
    )
  for (const { name, description } of commands) program.command(name).description(description).exitOverride()
  // Before parsing begins: then commander settles what options such as --no-publish are when they are not given.
  const name = process.argv.slice(2).find((word) => !word.startsWith('-'))
  const asked = program.commands.find((command) => command.name() === name)
  if (asked) await define(asked, context)
  return program.addCommand(helpCommand(program, context)).helpCommand(false)
}

async function define(command: Command, context: CommandContext): Promise<void> {
  const entry = commands.find(({ name }) => name === command.name())
  if (entry) (await entry.load())(command, context)
}

/** commander's own does not know what a command's module has not defined yet. */
function helpCommand(program: Command, context: CommandContext): Command {
  return new Command('help')
    .description('show the help of a command')
    .argument('[command]')
    .exitOverride()
    .action(async (name?: string) => {
      const command = program.commands.find((command) => command.name() === name)
      if (!command) return program.help({ error: name !== undefined })
      await define(command, context)
      command.help()
    })
}
