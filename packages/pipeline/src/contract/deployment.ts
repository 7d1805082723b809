/** What a deployment may leave to the flist or the image. */
type Deployment = { readonly environment?: Readonly<Record<string, string>> }

/**
 * What a deployment asks for, with what the flist or the image says besides: as on a node its variables join those of the flist, and
 * win where both have one.
 */
export function withDefaults<O extends Deployment, D extends Deployment>(deployment: O, defaults: D): D & O {
  return {
    ...defaults,
    ...deployment,
    environment: { ...defaults.environment, ...deployment.environment },
  }
}
