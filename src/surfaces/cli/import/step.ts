/** One thing that another agent's settings bring over, or that has no counterpart. Paths of targets are relative to keel's home. */
export type ImportStep =
  | { readonly type: 'file'; readonly from: string; readonly to: string; readonly text: string }
  | { readonly type: 'folder'; readonly from: string; readonly to: string }
  /** A table for `config.toml`, by the parts of its name. */
  | {
      readonly type: 'setting';
      readonly path: readonly [string, string];
      readonly table: Readonly<Record<string, unknown>>;
    }
  | { readonly type: 'left'; readonly what: string; readonly why: string };
