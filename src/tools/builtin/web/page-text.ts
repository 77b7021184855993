/** Elements whose content is no text for readers. */
const UNREAD = /<(script|style|noscript|template|svg|head|iframe)\b[^>]*>[\s\S]*?<\/\1\s*>|<!--[\s\S]*?-->/gi;
/** Elements that end a line. */
const BLOCK =
  /<\/?(?:address|article|aside|blockquote|br|dd|div|dl|dt|figure|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|tr|ul)\b[^>]*>/gi;
const ENTITIES: Readonly<Record<string, string>> = {
  ...{ amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ', copy: '\u00a9' },
  ...{
    hellip: '\u2026',
    mdash: '\u2014',
    ndash: '\u2013',
    rsquo: '\u2019',
    lsquo: '\u2018',
    rdquo: '\u201d',
    ldquo: '\u201c',
  },
};

/** The text of a page: HTML without its markup, with the addresses of its links; any other text as it is. */
export function pageText(page: string): string {
  if (!/^\s*(?:<!doctype html|<html|<\?xml[^>]*>\s*<!doctype html)/i.test(page)) return page;
  const title = /<title[^>]*>([\s\S]*?)<\/title/i.exec(page)?.[1] ?? '';
  const linked = page
    .replaceAll(UNREAD, '')
    .replaceAll(/<a\b[^>]*?\bhref\s*=\s*["']([^"'#][^"']*)["'][^>]*>([\s\S]*?)<\/a\s*>/gi, '$2 ($1)')
    .replaceAll(/<li\b[^>]*>/gi, '\n- ')
    .replaceAll(BLOCK, '\n')
    .replaceAll(/<\/t[dh]\s*>/gi, '\t')
    .replaceAll(/<[^>]*>/g, '');
  const lines = decoded(`${title}\n\n${linked}`)
    .split('\n')
    .map((line) => line.replaceAll(/[^\S\t]+/g, ' ').trim());
  return `${lines
    .join('\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim()}\n`;
}

function decoded(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,8}));/gi, (whole, decimal, hex, name) => {
    if (typeof name === 'string') return ENTITIES[name.toLowerCase()] ?? whole;
    const code = typeof decimal === 'string' ? Number(decimal) : Number.parseInt(String(hex), 16);
    return code > 0x10ffff ? whole : String.fromCodePoint(code);
  });
}
