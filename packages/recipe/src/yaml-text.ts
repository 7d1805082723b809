/** What writes YAML, to be loaded when it is needed: a bundle gives CommonJS that is loaded later no names. */
export { stringify } from 'yaml'
