/**
 * Text files as a client has them: an editor, with what its user has not saved. keel judges each path as it judges those of its own files
 * before the client is asked, and looks at the disk after each write. Neither throws: without a client's answer the disk counts.
 */
export interface ClientDocuments {
  /**
   * A file's text. @param path absolute, links resolved
   * @returns null if the client gives none: then what is on the disk counts
   */
  read(path: string, signal: AbortSignal): Promise<string | null>;
  /**
   * Has the client write and save a whole file. @param path as above
   * @returns false if it does not: then keel writes the file itself
   */
  write(path: string, text: string, signal: AbortSignal): Promise<boolean>;
}
