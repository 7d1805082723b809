/** Takes the bytes of one file. */
export type ContentWriter<C> = {
  /**
   * The next bytes of the file. They are a view on a buffer that is used again: valid until the returned promise
   * settles (or the call returns), and not to be changed.
   */
  write(bytes: Uint8Array): void | Promise<void>
  /** All bytes were written. Not called when reading fails: the writer is then dropped as it is. */
  end(): C | Promise<C>
}

/** Where the content of files goes while a tree is read; `C` is what the tree keeps instead of the bytes. */
export type ContentStore<C> = {
  /** Called once for each regular file, in the order of the input; `size` is the logical size in bytes. */
  open(size: number): ContentWriter<C>
}
