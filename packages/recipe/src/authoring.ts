// What writes definitions, for `flist new` and `flist adopt`.
export { type Adopted, adoptDockerfile } from './adoption.ts'
export { proveAdoption } from './adoption-proof.ts'
export { checkContext, contextReader, copyContext, createImage, createSnippet } from './new-definition.ts'
