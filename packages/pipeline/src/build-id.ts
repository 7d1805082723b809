/** Raised whenever a change of the code changes the bytes of a flist; part of every build id. */
export const CONVERTER_VERSION = '6'

/** Raised whenever a change of the code makes another image of the same context; part of every build id. */
export const BUILDER_VERSION = '2'

/** The label of an image, and the annotation of its manifest, that say what it was built from, as JSON. */
export const INPUTS_LABEL = 'io.tf-images.inputs'

/** The part of a build id that names images and flists. */
export function shortBuildId(id: string): string {
  return id.slice(0, 12)
}
