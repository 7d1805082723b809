/** The whole library in one file: read in a third of the time that its forty take. */
declare module 'handlebars/dist/handlebars.js' {
  import Handlebars from 'handlebars'
  export default Handlebars
}
