/** What makes connections, to be loaded with the first request: a bundle gives CommonJS that is loaded later no names. */
export { Agent } from 'undici'
