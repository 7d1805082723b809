import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { decodeMetadata, encodeMetadata, type FlistMetadata } from './metadata.ts'

describe('metadata rows', () => {
  test('have the text jansson would print', () => {
    const metadata: FlistMetadata = {
      backend: { namespace: 'default', host: 'hub.example.org', port: 9900 },
      entrypoint: ['/bin/sh', '-c', 'echo "hi"'],
      environ: { PATH: '/bin', A: 'x=é' },
      port: { 'tcp/80': 8080, 'udp/53': 53 },
      volume: { '/data': { host: '/mnt/d' }, '/tmp2': {} },
      readme: { readme: '# Title\n', license: 'MIT' },
      custom: 'free text',
    }
    expect(encodeMetadata(metadata)).toEqual([
      ['backend', '{"namespace": "default", "host": "hub.example.org", "port": 9900}'],
      ['entrypoint', '["/bin/sh", "-c", "echo \\"hi\\""]'],
      ['environ', '{"PATH": "/bin", "A": "x=é"}'],
      ['port', '{"tcp/80": 8080, "udp/53": 53}'],
      ['volume', '{"/data": {"host": "/mnt/d"}, "/tmp2": {}}'],
      ['readme', '{"readme": "# Title\\n", "license": "MIT"}'],
      ['custom', 'free text'],
    ])
  })

  test('read as they were written', () => {
    const environ = fc.dictionary(fc.string(), fc.string({ unit: 'binary' }))
    fc.assert(
      fc.property(environ, fc.array(fc.string()), fc.string(), (variables, entrypoint, note) => {
        const metadata = { environ: variables, entrypoint, __proto__x: note }
        expect(decodeMetadata(new Map(encodeMetadata(metadata)), 'flist')).toEqual(metadata)
      }),
    )
  })

  test('with the key "__proto__" are rows like others', () => {
    const metadata = decodeMetadata(new Map([['__proto__', 'x']]), 'flist')
    expect(Object.entries(metadata)).toEqual([['__proto__', 'x']])
  })

  test('of a wrong shape are refused together when written', () => {
    const wrong = { backend: { port: '9900' }, entrypoint: 'sh', environ: { A: 1 }, readme: {}, mine: 5 }
    expect(() => encodeMetadata(wrong as unknown as FlistMetadata)).toThrow(
      'flist metadata: "backend" must be an object with texts "host", "namespace", "password", "socket" and a number "port"; ' +
        '"entrypoint" must be a list of texts; "environ" must be an object of texts; ' +
        '"readme" must be an object with the texts "readme" and "license"; "mine" must be a text or an object',
    )
  })

  test('nested deeper than any row are corrupt when read', () => {
    const nested = (depth: number) => `{"/data": {"x": ${'['.repeat(depth)}${']'.repeat(depth)}}}`
    const read = (depth: number) => decodeMetadata(new Map([['volume', nested(depth)]]), 'a.flist')
    expect(JSON.stringify(read(6).volume)).toBe('{"/data":{"x":[[[[[[]]]]]]}}')
    for (const depth of [7, 100_000])
      expect(() => read(depth)).toThrow('metadata "volume" must be an object of objects')
  })

  test.each(['', '{', 'null', '[1]', '"text"', '{"tcp/80": "8080"}'])(
    'with the port %j are corrupt when read',
    (text) => {
      expect(() => decodeMetadata(new Map([['port', text]]), 'a.flist')).toThrow(
        'a.flist: metadata "port" must be an object of port numbers; write the flist again with right metadata',
      )
    },
  )
})
