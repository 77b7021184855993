/**
 * What a command may do where the kernel alone confines it, by Landlock rules and a system call filter. Data. What is not
 * named is refused; names in directories can be listed everywhere.
 */
export interface Confinement {
  /** Files, and directories with all below them, that may be read and run. Absolute, no symlinks; `/` is everything. */
  readonly readable: readonly string[];
  readonly writable: readonly WritablePath[];
  /**
   * Identity of the files that have these names now. Rules are for files, not for names: when a file was replaced, the
   * identity is another one and so new rules are made.
   */
  readonly identity: string;
  /** Records of classic BPF, see `seccompProgram`. */
  readonly seccomp: Uint8Array;
  /** Keeps signals and abstract sockets among what is confined alike. Needs the sixth version of Landlock. */
  readonly isScoped: boolean;
  /** Refuses TCP by Landlock, in addition to the filter. Needs the fourth version of Landlock. */
  readonly refusesTcp: boolean;
}

export interface WritablePath {
  /** Absolute. One that is missing, or that has become a symlink, is left out. */
  readonly path: string;
  /**
   * `tree`: a directory in which everything may be made, changed, moved and removed, but device files. `file`: the content
   * of one file. `device`: the same for a device, with its controls.
   */
  readonly rights: 'tree' | 'file' | 'device';
}

/** A confinement could not be put into force: nothing was started under it. */
export class ConfinementError extends Error {
  override readonly name = 'ConfinementError';
}
