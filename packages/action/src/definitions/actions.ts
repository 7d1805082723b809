import type { InputName } from './inputs.ts'

/** An action: what its action.yml says, and the inputs its code may ask for. */
export type ActionDefinition = {
  readonly title: string
  readonly description: string
  readonly inputs: readonly InputName[]
  /** Those of its inputs that must be given, beside what every action requires. */
  readonly required?: readonly InputName[]
  readonly outputs: Readonly<Record<string, string>>
}

const registry = ['registry', 'registry-username', 'registry-password'] as const
const hub = ['hub-url', 'hub-gateway', 'hub-backend', 'hub-user'] as const
const limits = ['strict', 'startup-toml', 'max-size', 'max-ratio', 'max-entries'] as const
const result = 'Path of the results as JSON, with what failed'

/** The actions, by folder below actions/; `image` is the one at the root of the repository. */
export const actionDefinitions = {
  image: {
    title: 'tf-images',
    description:
      'Builds one image from recipes or a Dockerfile, pushes it, converts it to a flist and publishes that to a 0-hub',
    inputs: [
      'image',
      'dockerfile',
      'root',
      ...registry,
      ...hub,
      'hub-token',
      'work-folder',
      'min-free',
      'force',
      'cache-from',
      'gate',
      ...limits,
    ],
    required: ['image', 'hub-token'],
    outputs: {
      status: 'published or unchanged',
      reason: 'Why, in words',
      'build-id': 'Hash of all that determines the result',
      reference: 'The image by digest',
      digest: 'Manifest digest of the image',
      'flist-url': 'Immutable address of the flist',
      'link-url': 'The address users follow',
      'tree-hash': 'Hash of the content of the flist; empty when unchanged',
      report: 'The whole report as JSON, with the images below this one',
    },
  },
  plan: {
    title: 'tf-images: plan',
    description: 'Decides which images need work, and cuts the work into legs for a matrix',
    inputs: [
      'images',
      'root',
      ...registry,
      'hub-url',
      'hub-user',
      'hub-token',
      'work-folder',
      'force',
      'legs',
      'waves',
    ],
    outputs: {
      legs: 'All legs as JSON, [{"id": "0-00", "images": "debian-12 nginx"}]; [] when nothing is to be done',
      'legs-0': 'Those to be built first',
      'legs-1': 'Those to be built when the first are',
      count: 'Number of legs; 0 when nothing is to be done',
      'count-0': 'Number of those to be built first',
      'count-1': 'Number of those to be built then',
      images: 'Images that need work, by space',
      'hub-user': 'Account on the hub that was looked at',
      plan: 'Path of the plan as JSON',
    },
  },
  build: {
    title: 'tf-images: build',
    description: 'Builds the images of a leg and pushes them under their build id',
    inputs: ['images', 'leg', 'root', ...registry, 'work-folder', 'min-free', 'force', 'push', 'cache-from'],
    required: ['images'],
    outputs: {
      result,
      built: 'Number of images that are there now',
      reference: 'The last image by digest',
      digest: 'Its manifest digest',
    },
  },
  convert: {
    title: 'tf-images: convert',
    description: 'Converts the images of a leg, or any source, to flists, and checks these',
    inputs: [
      'leg',
      'source',
      'flist-name',
      ...registry,
      ...hub,
      'work-folder',
      'min-free',
      ...limits,
      'verify',
      'gate',
      'boot',
      'compare',
      'layer-cache',
      'kernel-cache',
    ],
    outputs: {
      result,
      flist: 'Path of the last flist',
      'tree-hash': 'Hash of its content',
      converted: 'Number of flists',
    },
  },
  publish: {
    title: 'tf-images: publish',
    description: 'Publishes the flists of a leg, or one flist, to a 0-hub, reads them back and moves their links',
    inputs: [
      'leg',
      'flist',
      'flist-name',
      'link',
      'chunks',
      ...registry,
      ...hub,
      'hub-token',
      'work-folder',
      'force',
      'dry-run',
    ],
    required: ['hub-token'],
    outputs: {
      result,
      status: 'published, planned or failed',
      'flist-url': 'Immutable address of the last flist',
      'link-url': 'The address users follow',
      published: 'Number of flists that are published now',
    },
  },
  vm: {
    title: 'tf-images: virtual machine',
    description:
      'Makes a virtual machine from its definition, starts it as zos does and publishes the flist that started',
    inputs: [
      'name',
      'root',
      ...hub,
      'hub-token',
      'work-folder',
      'min-free',
      'publish',
      'mirror',
      'snapshot',
      'keyring',
      'package-cache',
      'kernel-cache',
    ],
    required: ['name'],
    outputs: {
      result,
      flist: 'Path of the flist',
      'tree-hash': 'Hash of its content',
      'flist-url': 'Immutable address of the flist',
      'link-url': 'The address users follow',
      'boot-seconds': 'Seconds until it was ready',
    },
  },
  report: {
    title: 'tf-images: report',
    description: 'Collects what the jobs of a run did, for the summary and the pull request, and fails when one failed',
    inputs: ['root', 'work-folder', 'comment', 'github-token', 'fail-on-error'],
    outputs: {
      failed: 'Number of images that failed',
      published: 'Number of flists that are published now',
      'comment-url': 'The comment on the pull request',
    },
  },
} as const satisfies Readonly<Record<string, ActionDefinition>>

export type ActionName = keyof typeof actionDefinitions

/** The inputs that an action's code may ask for. */
export type InputOf<A extends ActionName> = (typeof actionDefinitions)[A]['inputs'][number]
/** The outputs that it may set. */
export type OutputOf<A extends ActionName> = keyof (typeof actionDefinitions)[A]['outputs'] & string
