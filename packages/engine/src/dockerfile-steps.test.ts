import { expect, test } from 'vitest'
import { parseDockerfileSteps } from './dockerfile-steps.ts'

// Each table was laid beside the "Step n/m" messages of an engine 20.10 for the same Dockerfile.
test.each<[string, string, [number, string][]]>([
  [
    'one line each',
    'FROM scratch\nCOPY a /a\n',
    [
      [1, 'FROM'],
      [2, 'COPY'],
    ],
  ],
  [
    'comments and empty lines between',
    '# a\n\nFROM scratch\n  # b\n\nCOPY a /a',
    [
      [3, 'FROM'],
      [6, 'COPY'],
    ],
  ],
  [
    'ARG before FROM is a step',
    'ARG A\nARG B=1\nFROM scratch',
    [
      [1, 'ARG'],
      [2, 'ARG'],
      [3, 'FROM'],
    ],
  ],
  [
    'every stage counts',
    'FROM a AS one\nRUN x\nFROM b\nCOPY --from=one /x /x',
    [
      [1, 'FROM'],
      [2, 'RUN'],
      [3, 'FROM'],
      [4, 'COPY'],
    ],
  ],
  [
    'a continued instruction is at its first line',
    'FROM a\nRUN x && \\\n    y\nRUN z',
    [
      [1, 'FROM'],
      [2, 'RUN'],
      [4, 'RUN'],
    ],
  ],
  [
    'comments and empty lines inside one',
    'FROM a\nRUN x \\\n# why\n\n  # more\n  y\nRUN z',
    [
      [1, 'FROM'],
      [2, 'RUN'],
      [7, 'RUN'],
    ],
  ],
  [
    'spaces after the escape',
    'FROM a\nLABEL a=b \\  \n c=d\nRUN z',
    [
      [1, 'FROM'],
      [2, 'LABEL'],
      [4, 'RUN'],
    ],
  ],
  [
    'two escapes do not continue',
    'FROM a\nLABEL a=b\\\\\nLABEL c=d',
    [
      [1, 'FROM'],
      [2, 'LABEL'],
      [3, 'LABEL'],
    ],
  ],
  [
    'an escape at the end of the file',
    'FROM a\nLABEL a=b \\\n',
    [
      [1, 'FROM'],
      [2, 'LABEL'],
    ],
  ],
  [
    'escape directive',
    '# escape=`\nFROM a\nRUN x `\n y\nRUN c:\\\nRUN z',
    [
      [2, 'FROM'],
      [3, 'RUN'],
      [5, 'RUN'],
      [6, 'RUN'],
    ],
  ],
  [
    'escape after syntax',
    '# syntax=docker/dockerfile:1\n#escape = `\nFROM a\nRUN x `\n y',
    [
      [3, 'FROM'],
      [4, 'RUN'],
    ],
  ],
  [
    'a directive after an empty line is a comment',
    '\n# escape=`\nFROM a\nRUN x \\\n y',
    [
      [3, 'FROM'],
      [4, 'RUN'],
    ],
  ],
  [
    'an unknown directive ends the directives',
    '# check=x\n# escape=`\nFROM a\nRUN x \\\n y',
    [
      [3, 'FROM'],
      [4, 'RUN'],
    ],
  ],
  [
    'CRLF and a byte order mark',
    '\uFEFF# escape=`\r\nFROM a\r\nRUN x `\r\n y\r\nRUN z\r\n',
    [
      [2, 'FROM'],
      [3, 'RUN'],
      [5, 'RUN'],
    ],
  ],
  [
    'lower case and indented',
    'from a\n\t run x',
    [
      [1, 'FROM'],
      [2, 'RUN'],
    ],
  ],
  [
    'ONBUILD is one step',
    'FROM a\nONBUILD RUN x',
    [
      [1, 'FROM'],
      [2, 'ONBUILD'],
    ],
  ],
  ['nothing', '# nothing\n\n', []],
])('%s', (_name, dockerfile, steps) => {
  expect(parseDockerfileSteps(dockerfile)).toEqual(steps.map(([line, keyword]) => ({ line, keyword })))
})
