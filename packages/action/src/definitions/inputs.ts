/** What an action.yml says of an input. GitHub does not enforce `required`; the code that reads inputs does. */
export type InputDefinition = {
  readonly description: string
  readonly default?: string
  readonly required?: true
}

/** Every input of every action: one name means one thing in all of them. */
export const inputDefinitions = {
  root: { description: 'Folder that has recipes/ and dockerfiles/', default: '.' },
  image: {
    description:
      'Name of the image, in recipes/images/ unless a Dockerfile is given; what it is built on comes with it',
    required: true,
  },
  dockerfile: {
    description:
      'Dockerfile to build as it stands instead of recipes; its folder, without what .dockerignore leaves out, is its build context, and image the name it gets',
  },
  images: { description: 'Names of images, by space, comma or line; all when empty' },
  name: { description: 'Name of the virtual machine, a folder below recipes/vms/', required: true },
  leg: { description: 'Id of the leg, from the outputs of plan; names the results that are passed between jobs' },
  registry: { description: 'Where images are pushed; by default ghcr.io/<owner>/<repository> in lower case' },
  'registry-username': { description: 'User of the registry; by default the one who started the run' },
  'registry-password': {
    description:
      'Password or token of the registry; for GHCR the GITHUB_TOKEN of the job, with packages: write to push',
  },
  'hub-url': { description: 'The hub', default: 'https://hub.grid.tf' },
  'hub-gateway': { description: 'Chunk gateway of the hub; by default port 9980 of its host' },
  'hub-backend': {
    description:
      'Where the chunks are read from, recorded in the flist; by default zdb:// on port 9900 of the host of the hub',
  },
  'hub-token': { description: 'Token of the hub account; without it nothing can be published' },
  'hub-user': {
    description: 'Account on the hub, where it is not the one of the token; to look at it no token is needed',
  },
  'work-folder': {
    description:
      'Folder for flists, chunks and results; by default in the temporary folder of the runner, and then removed at the end of the job',
  },
  'min-free': {
    description:
      'Bytes that have to be free on the disk before the work begins; by default what base and last build let expect, for a machine 2G',
  },
  force: { description: 'Build and publish although nothing changed', default: 'false' },
  'dry-run': { description: 'Look at everything, say what would be done, do nothing', default: 'false' },
  legs: { description: 'Most legs to plan; a matrix of GitHub has 256 at most', default: '256' },
  waves: {
    description: 'Build jobs one after another that the workflow has, for images that are built on images',
    default: '2',
  },
  push: {
    description: 'false pushes nothing: images are left in the work folder, for pull requests, which may not push',
    default: 'true',
  },
  'cache-from': {
    description:
      'Take over the layers of the image that was published last, up to the first step that changed; it is pulled for that. Of several stages those of the last one',
    default: 'true',
  },
  source: { description: 'What to convert instead of the images of a leg: an image, archive, directory or tar' },
  flist: { description: 'Path of the flist to publish, instead of those of a leg' },
  'flist-name': { description: 'Name of the flist that is converted or published, like nginx-1.27.flist' },
  link: { description: 'Name that users follow, like nginx.flist; needs flist' },
  chunks: { description: 'Folder with the chunks of flist' },
  'startup-toml': { description: 'Add /.startup.toml for runtimes that start from it', default: 'false' },
  strict: {
    description:
      'Fail when a converted flist would not hold these, for example "lost,hard-link"; classes as in packages/pipeline/README.md',
  },
  'max-size': { description: 'Refuse an image whose files have more bytes, for example 20G; by default 1T' },
  'max-ratio': {
    description: 'Refuse an image with more than 8G of files that have this many times its size; by default 200',
  },
  'max-entries': { description: 'Refuse an image with more entries; by default 2000000' },
  verify: {
    description: 'Read every source a second time and compare it with its flist, byte by byte',
    default: 'false',
  },
  gate: {
    description: 'Fail where zos would not start a flist; false leaves that out',
    default: 'true',
  },
  boot: { description: 'Start every flist as zos does; needs root or sudo, and QEMU', default: 'false' },
  compare: { description: 'Compare with what is published: packages, sizes and chunks', default: 'false' },
  'layer-cache': {
    description:
      'Keep converted layers beside the image in the registry, so that a fresh runner converts only what is new',
    default: 'true',
  },
  publish: { description: 'false ends with a flist that was started', default: 'true' },
  mirror: { description: 'Archive of the distribution, or of its snapshots' },
  snapshot: { description: 'One of the snapshots, like 20260101T000000Z' },
  keyring: { description: 'File with the keys the archive is signed with' },
  'package-cache': { description: 'Folder where packages are kept' },
  'kernel-cache': { description: 'Folder where kernels are kept' },
  comment: {
    description: 'Write the report as a comment on the pull request, the same one each time',
    default: 'false',
  },
  'github-token': { description: 'Token for the comment, with pull-requests: write' },
  'fail-on-error': { description: 'Fail when an image failed, after everything was reported', default: 'true' },
} as const satisfies Readonly<Record<string, InputDefinition>>

export type InputName = keyof typeof inputDefinitions
