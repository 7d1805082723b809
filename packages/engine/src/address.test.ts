import { expect, test } from 'vitest'
import { type EngineAddress, formatAddress, parseDockerHost } from './address.ts'

test.each<[string | undefined, EngineAddress]>([
  [undefined, { socketPath: '/var/run/docker.sock' }],
  ['', { socketPath: '/var/run/docker.sock' }],
  ['unix://', { socketPath: '/var/run/docker.sock' }],
  ['unix:///run/user/1000/docker.sock', { socketPath: '/run/user/1000/docker.sock' }],
  ['/run/docker.sock', { socketPath: '/run/docker.sock' }],
  ['tcp://127.0.0.1:2375', { host: '127.0.0.1', port: 2375 }],
  ['tcp://engine.example', { host: 'engine.example', port: 2375 }],
  ['tcp://engine.example:80/', { host: 'engine.example', port: 80 }],
  ['http://localhost:4243', { host: 'localhost', port: 4243 }],
  ['tcp://[::1]:2376', { host: '::1', port: 2376 }],
])('DOCKER_HOST %j', (value, address) => {
  expect(parseDockerHost(value)).toEqual(address)
})

test.each([
  [
    'ssh://me@host',
    'engine address "ssh://***@host": the scheme "ssh" is not supported; forward the engine\'s socket and write unix:///path',
  ],
  [
    'unix://docker.sock',
    'engine address "unix://docker.sock": the socket path is not absolute; write unix:///path/to/docker.sock',
  ],
  ['localhost:2375', 'engine address "localhost:2375": it has no scheme; write unix:///path or tcp://host:port'],
  ['tcp://host:port', 'engine address "tcp://host:port": it is not a host and a port; write tcp://host:port'],
  ['tcp://host/prefix', 'engine address "tcp://host/prefix": it is not a host and a port; write tcp://host:port'],
  ['tcp://a:b@host', 'engine address "tcp://***@host": it is not a host and a port; write tcp://host:port'],
])('DOCKER_HOST %j is refused', (value, message) => {
  expect(() => parseDockerHost(value)).toThrow(expect.objectContaining({ code: 'invalid-address', message }))
})

test.each([
  ['unix:///a/b.sock', { socketPath: '/a/b.sock' }],
  ['tcp://[::1]:1', { host: '::1', port: 1 }],
  ['tcp://host:2375', { host: 'host', port: 2375 }],
])('an address is shown as %s', (text, address) => {
  expect(formatAddress(address)).toBe(text)
})
