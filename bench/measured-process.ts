import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** What a command took: seconds of the clock and of processors, with all its processes, and its largest process. */
export type Measurement = { readonly wall: number; readonly cpu: number; readonly peakBytes: number }

/** Milliseconds between two looks at the memory. */
const INTERVAL = 50
/** Linux counts processor time of processes in hundredths of a second. */
const TICKS_PER_SECOND = 100

/** Runs a command of the shell; the memory is that of the largest of its processes. */
export function measure(command: string, cwd: string): Promise<Measurement> {
  const cpuBefore = childrenCpu()
  const started = performance.now()
  const child = spawn('/bin/sh', ['-c', command], { cwd, stdio: ['ignore', 'ignore', 'pipe'] })
  let errors = ''
  child.stderr.on('data', (bytes) => {
    errors = (errors + bytes).slice(-2000)
  })
  let peakBytes = 0
  const look = setInterval(() => {
    if (child.pid !== undefined) peakBytes = Math.max(peakBytes, peakOf(child.pid))
  }, INTERVAL)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => {
      clearInterval(look)
      const wall = (performance.now() - started) / 1000
      if (code === 0) resolve({ wall, cpu: childrenCpu() - cpuBefore, peakBytes })
      else reject(new Error(`${command}: ended with ${code}: ${errors.trim().split('\n').at(-1)}`))
    })
  })
}

/** The most memory a process or one of its descendants had so far; 0 when it is gone. */
function peakOf(pid: number): number {
  try {
    const kilobytes = Number(/^VmHWM:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1] ?? 0)
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').split(' ').filter(Boolean)
    return Math.max(1024 * kilobytes, ...children.map((child) => peakOf(Number(child))))
  } catch {
    return 0
  }
}

/** Processor seconds of all ended children of this process. */
function childrenCpu(): number {
  const fields = readFileSync('/proc/self/stat', 'latin1')
    .replace(/^.*\) /, '')
    .split(' ')
  return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
}
