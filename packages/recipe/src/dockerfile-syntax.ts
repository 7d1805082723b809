/** What knows the syntax of every instruction, to be loaded when it is needed: a bundle gives CommonJS that is loaded later no names. */
export { validate } from 'dockerfile-utils'
