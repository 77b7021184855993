const MAX_PATH = 300;

/** A value inside one of keel's tags: on one line, bounded, and unable to close the tag. */
export function escaped(value: string, maxLength: number = MAX_PATH): string {
  const line = value.replaceAll(/[\u0000-\u001f\u007f\u202a-\u202e\u2066-\u2069]+/g, ' ');
  const cut = line.length > maxLength ? `${line.slice(0, maxLength)}...` : line;
  return cut.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
