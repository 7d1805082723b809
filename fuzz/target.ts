/** Something that reads bytes of strangers. */
export type Target = {
  readonly name: string
  /** Valid inputs that mutants are made of. */
  readonly seeds: readonly Buffer[]
  /** Share of all inputs, relative to the other targets. */
  readonly weight: number
  /** Repairs what would make every mutant fail at the door, such as a checksum. */
  readonly repair?: (mutant: Buffer) => Buffer
  /** Most mutants are changed within one page of so many bytes and keep their length: what has a map of its pages. */
  readonly pageBytes?: number
  /** Does with an input all that can be done with it. */
  readonly read: (input: Buffer) => unknown
  /** The one error class that a refusal may have; none where nothing is refused. */
  readonly refusal?: new (
    ...args: never
  ) => Error
}
