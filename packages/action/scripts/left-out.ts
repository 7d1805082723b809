// Stands where the bundle has no use for a package; see bundle.ts.
export default {}
