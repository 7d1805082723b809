import { shortBuildId } from './build-id.ts'
import { releaseFileName } from './publishing/release-names.ts'

/** Every name one build of an image has. */
export type ImageNames = {
  /** Immutable tag of the image, `registry/prefix/nginx:1a2b3c4d5e6f`. */
  readonly reference: string
  /** Moving tag of the image. */
  readonly latest: string
  /** Immutable name of the flist, `nginx-1.27.3-1a2b3c4d5e6f.flist`; without a version `nginx-1a2b3c4d5e6f.flist`. */
  readonly flist: string
  /** The name users follow, `nginx.flist`. */
  readonly link: string
  readonly pinned: (digest: string) => string
  readonly urls: (hubUrl: string, account: string) => { readonly flistUrl: string; readonly linkUrl: string }
}

/** @param version of what is in the image, as its recipe says */
export function imageNames(name: string, buildId: string, registry: string, version?: string): ImageNames {
  const repository = `${registry}/${name}`
  const short = shortBuildId(buildId)
  const flist = releaseFileName({ image: name, build: short, ...(version === undefined ? {} : { version }) })
  const link = `${name}.flist`
  return {
    reference: `${repository}:${short}`,
    latest: `${repository}:latest`,
    flist,
    link,
    pinned: (digest) => `${repository}@${digest}`,
    urls: (hubUrl, account) => {
      const folder = `${hubUrl.replace(/\/+$/, '')}/${account}`
      return { flistUrl: `${folder}/${flist}`, linkUrl: `${folder}/${link}` }
    },
  }
}
