/** A file of `prompts/`: its front matter and its text. */
export interface PromptFile {
  readonly description: string;
  readonly argumentHint: string;
  readonly body: string;
}

/** Reads front matter between two lines of `---`. One that is never closed is part of the text. */
export function parsePromptFile(text: string): PromptFile {
  const lines = text.split(/\r?\n/);
  const end = lines[0]?.trim() === '---' ? lines.findIndex((line, index) => index > 0 && line.trim() === '---') : -1;
  if (end === -1) return { description: '', argumentHint: '', body: text };
  const fields = new Map<string, string>();
  for (const line of lines.slice(1, end)) {
    const colon = line.indexOf(':');
    if (line.trim() === '' || line.trim().startsWith('#') || colon === -1) continue;
    fields.set(line.slice(0, colon).trim().toLowerCase(), unquoted(line.slice(colon + 1).trim()));
  }
  return {
    description: fields.get('description') ?? '',
    argumentHint: fields.get('argument-hint') ?? fields.get('argument_hint') ?? '',
    body: lines.slice(end + 1).join('\n'),
  };
}

function unquoted(value: string): string {
  return /^(?:"[\s\S]*"|'[\s\S]*')$/.test(value) ? value.slice(1, -1) : value;
}
