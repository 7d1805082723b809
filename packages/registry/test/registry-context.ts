import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach } from 'vitest'
import { RegistryClient } from '../src/client.ts'
import { parseReference, type Reference } from '../src/reference.ts'
import { type FakeRegistry, type Interceptor, startRegistry } from './fake-registry.ts'

/** A registry and a client of it, new for each test. */
export type RegistryContext = {
  readonly registry: FakeRegistry
  /** Tries three times, with waits of milliseconds */
  readonly client: RegistryClient
  /** Makes the registry answer this way from now on, where it returns `true`. */
  lie(interceptor: Interceptor): void
  /** Makes the registry answer every request for a manifest this way. */
  lieAboutManifest(answer: (response: ServerResponse) => void): void
  /** A reference in this registry. */
  reference(name?: string): Reference
}

/** Call it once in a test file or `describe`; what it gives is valid inside of tests. */
export function useRegistry(): RegistryContext {
  let registry: FakeRegistry
  let client: RegistryClient
  let interceptor: Interceptor

  beforeEach(async () => {
    interceptor = () => false
    registry = await startRegistry((request, response) => interceptor(request, response))
    client = new RegistryClient({ retryDelay: 1, retries: 2 })
  })

  afterEach(async () => {
    await client.close()
    await registry.close()
  })

  return {
    get registry() {
      return registry
    },
    get client() {
      return client
    },
    lie(next) {
      interceptor = next
    },
    lieAboutManifest(answer) {
      interceptor = (request, response) => {
        if (!request.url?.includes('/manifests/')) return false
        answer(response)
        return true
      }
    },
    reference: (name = 'o/app:1') => parseReference(`${registry.host}/${name}`),
  }
}
