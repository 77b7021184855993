/** A terminal on which the final message is shown as Markdown. */
export interface MessageTerminal {
  readonly columns: number;
  readonly hasColour: boolean;
  /** Writes text whose control sequences are keel's own. */
  readonly write: (text: string) => void;
}

/** Writes Markdown as a terminal shows it. What lays it out is loaded here, once the work is done. */
export async function writeMarkdown(text: string, { columns, hasColour, write }: MessageTerminal): Promise<void> {
  const { encodeRow, isContinued, markdownRows, paletteOf, themeFor } = await import('../text/index.ts');
  // The terminal was not asked for its background: the colours are those that its user has set.
  const palette = paletteOf(themeFor('auto', null), hasColour ? '16' : 'none');
  const rows = markdownRows(text, columns);
  // What the terminal wraps itself copies as one line.
  const lines = rows.map((row, index) => {
    const start = index > 0 && !isContinued(row) ? '\n' : '';
    return start + encodeRow(row, { palette, hasLinks: false });
  });
  write(`${lines.join('')}\n`);
}
