import type { DockerfileInstruction } from './dockerfile-instructions.ts'
import { isKeyword, unknownKeyword } from './raw-fragment.ts'

/** Reports what the classic builder, or any, has no words for. */
export function checkBuilder(
  instructions: readonly DockerfileInstruction[],
  report: (instruction: DockerfileInstruction, message: string, hint: string | undefined) => void,
): void {
  for (const instruction of instructions) {
    const { keyword, value } = instruction
    if (keyword !== 'FROM' && !isKeyword(keyword)) report(instruction, ...unknownKeyword(keyword))
    if (!/^(?:RUN|COPY|ADD)$/.test(keyword)) continue
    if (/(?:^|\s)<<-?\s*["']?[A-Za-z_]/.test(value)) {
      report(instruction, 'here-documents need BuildKit', 'put the text into a file')
    }
    if (/^(?:--\S+\s+)*--(?:mount|link|security|network|chmod|parents|exclude)\b/.test(value)) {
      report(instruction, 'this flag needs BuildKit', 'leave it out')
    }
  }
}
