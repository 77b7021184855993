import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { RolloutItem } from '../../../src/foundation/protocol/index.ts';
import { transcript } from '../../../src/surfaces/export/index.ts';
import { cpuSeconds } from '../../support/cpu-time.ts';
import { hasChromium, openPage } from '../../support/programs/chromium.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { answered, meta, rolloutOf, said, turn } from './lines.ts';

/** Texts that try to leave their place, `url` being a server that must never hear of them. */
function attacks(url: string): string[] {
  const run = `document.title='owned';fetch('${url}/fetch')`;
  return [
    `<script>${run}</script>`,
    `</pre></details></section></main></body></html><script>${run}</script>`,
    `"><img src=x onerror="${run}">`,
    `<img src="${url}/img.png">`,
    `![pixel](${url}/pixel.png)`,
    `[click](javascript:${run})`,
    `[click](data:text/html,<script>${run}</script>)`,
    `[click]( jAvAsCrIpT:${run} "t\\"><script>${run}</script>")`,
    `<a href="javascript:${run}">x</a>`,
    `<style>@import url(${url}/style.css);body{display:none}</style>`,
    `<link rel=stylesheet href="${url}/link.css">`,
    `<meta http-equiv=refresh content="0;url=${url}/refresh">`,
    `<base href="${url}/">`,
    `<svg><script>${run}</script></svg>`,
    `<iframe src="${url}/frame"></iframe><object data="${url}/object"></object>`,
    `<form action="${url}/form"><input autofocus onfocus="${run}"></form>`,
    `\`\`\`html"><script>${run}</script>\n<script>${run}</script>\n\`\`\``,
    `| a | b |\n| - | - |\n| <script>${run}</script> | \`</td><script>${run}</script>\` |`,
    `<pre><script>${run}</script></pre>`,
    `# <img src=x onerror="${run}">\n\n> <script>${run}</script>`,
    `<${run}> <http://x"onmouseover="${run}> &lt;script&gt;`,
    `\u0000<scr\u0000ipt>${run}</script>\u001b]8;;${url}\u0007x\u009b31m\u202egnp.exe`,
    `<!-- --><![CDATA[<script>${run}</script>]]><?php ?>`,
    `[a]: javascript:${run}\n\n[a] [b][a]`,
  ];
}

/** The same text in every place of a thread that shows a text. */
function everywhere(text: string, at: number): RolloutItem[] {
  const item = (payload: Extract<RolloutItem, { type: 'response_item' }>['payload']): RolloutItem => ({
    type: 'response_item',
    payload,
  });
  const id = `t${at}`;
  const command = {
    ...{ type: 'commandExecution', id: 'c', command: text, cwd: text, processId: null, source: 'agent' },
    ...{ status: 'completed', commandActions: [], aggregatedOutput: text, exitCode: 0, durationMs: 1 },
  } as const;
  const change = {
    ...{ type: 'fileChange', id: 'f', status: 'completed' },
    changes: [{ path: text, kind: { type: 'update', movePath: text }, diff: text }],
  } as const;
  const items = [
    command,
    change,
    { type: 'plan', id: 'p', explanation: text, steps: [{ step: text, status: 'pending' }] },
  ];
  const events = items.map((shown) => ({ type: 'item.completed', turnId: id, item: shown }));
  const step = { turn: id, id: `tool-1.0-c${at}`, kind: 'tool', version: 1 } as const;
  return turn(
    id,
    ...said(text),
    {
      type: 'turn_context',
      payload: { cwd: text, approval_policy: 'never', sandbox_policy: { mode: 'read-only' }, model: text },
    },
    answered(text),
    item({ type: 'message', role: 'user', content: [{ type: 'input_text', text: `<keel_note>${text}</keel_note>` }] }),
    item({ type: 'message', role: 'user', content: [{ type: 'input_image', image_url: text }] }),
    item({ type: 'reasoning', summary: [{ type: 'summary_text', text }] }),
    item({ type: 'function_call', name: text, arguments: text, call_id: `x${at}` }),
    item({ type: 'function_call_output', call_id: `x${at}`, output: text }),
    item({ type: 'custom_tool_call', name: 'apply_patch', input: text, call_id: `y${at}` }),
    item({ type: 'web_search_call', action: { type: 'search', query: text } }),
    item({ type: 'image_generation_call', id: `p${at}`, status: 'completed', result: text, revised_prompt: text }),
    { type: 'step', payload: { ...step, state: 'begin' } },
    { type: 'step', payload: { ...step, state: 'end', value: events } },
    { type: 'compacted', payload: { message: text } },
  );
}

function page(dir: TempDir, texts: readonly string[]): string {
  const first = texts[0] ?? '';
  const named: RolloutItem = {
    type: 'session_meta',
    payload: { cwd: first, id: first, timestamp: first, forked_from_id: first },
  };
  const path = rolloutOf(dir, [named, ...texts.flatMap(everywhere)]);
  return [...transcript({ path, format: 'html', prices: {} })].join('');
}

const TAGS = new Set(
  'a b blockquote body br code dd del details div dl dt em figcaption figure footer h1 h2 h3 h4 h5 h6 head header hr html img li line main meta ol p pre rect section span strong style summary svg table tbody td text th thead time title tr ul'.split(
    ' ',
  ),
);
const ATTRIBUTES =
  /^(?:alt|aria-label|align|charset|class|content|datetime|dy|height|href|http-equiv|id|lang|name|open|rel|role|src|start|text-anchor|viewBox|width|x|x1|x2|y|y1|y2)$/;

/** Tags and attributes of a page in which every `<` of a text is escaped. */
function faultsOf(html: string): string[] {
  const body = html.replace(/<style>[^<]*<\/style>/, '').replace('<!doctype html>', '');
  const faults: string[] = [];
  for (const [tag, name = '', attributes = ''] of body.matchAll(/<\/?([^\s>/]*)([^>]*)>/g)) {
    if (!TAGS.has(name)) faults.push(tag);
    for (const [, attribute = '', value = ''] of attributes.matchAll(/([^\s=]+)(?:="([^"]*)")?/g)) {
      if (!ATTRIBUTES.test(attribute)) faults.push(tag);
      if (attribute === 'href' && !/^(?:#turn-\d+$|https?:|mailto:)/.test(value)) faults.push(tag);
      if (attribute === 'src' && !value.startsWith('data:image/png;base64,')) faults.push(tag);
    }
  }
  return faults;
}

test('no text of a thread becomes markup, wherever it is', () => {
  using dir = tempDir();
  for (const text of attacks('http://127.0.0.1:9')) expect(faultsOf(page(dir, [text]))).toEqual([]);
});

test('no text becomes markup: whatever is put together of what Markdown and HTML are made of', () => {
  using dir = tempDir();
  const piece = fc.constantFrom(
    ...[
      '<',
      '>',
      '"',
      "'",
      '`',
      '```',
      '\n',
      '\n\n',
      ' ',
      '[',
      ']',
      '(',
      ')',
      '![',
      '](',
      ':',
      '\\',
      '&',
      '&lt;',
      '#',
      '*',
      '_',
    ],
    ...[
      '|',
      '| - |',
      '> ',
      '- ',
      '1. ',
      '    ',
      '~~~',
      '~~',
      'script',
      'img src=x onerror=a',
      '/script',
      'javascript:',
      'pre',
    ],
    ...[
      '!--',
      '--',
      'http://a.b',
      'data:',
      '@',
      'x',
      '<a ',
      '</',
      '/>',
      '=',
      '\u0000',
      '[x]',
      ': http://a',
      'www.a.b',
      '$',
    ],
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const faults = faultsOf(page(dir, [pieces.join('')]));
      if (faults.length > 0) throw new Error(faults.join('\n'));
    }),
    { numRuns: 400 },
  );
}, 60_000);

test('texts that take a Markdown parser long are still shown, quickly', () => {
  using dir = tempDir();
  const long = 50_000;
  const hard = [
    '> '.repeat(long / 2),
    '['.repeat(long),
    '*a_'.repeat(long / 3),
    `${'- '.repeat(300)}x`,
    '`'.repeat(long),
    `${'a.'.repeat(long / 2)}@`,
    `${'a-'.repeat(long / 2)}@`,
    `http://a.b/${')'.repeat(long)}`,
    `www.a.b${'?!.'.repeat(long / 3)}`,
    '!'.repeat(long),
  ];
  for (const text of [...hard, '![['.repeat(long / 3), '<!--'.repeat(long / 4), `|${' a |'.repeat(long / 4)}\n`]) {
    const path = rolloutOf(dir, [meta, ...turn('t', ...said('go'), answered(text))]);
    const pageOf = () => [...transcript({ path, format: 'html', prices: {} })].join('');
    expect(
      cpuSeconds(() => expect(pageOf()).toContain('<div class="agent">')),
      text.slice(0, 20),
    ).toBeLessThan(2);
  }
}, 60_000);

test.skipIf(!hasChromium)(
  'in a browser no script of a thread runs, nothing is loaded, and the page is whole',
  async () => {
    using dir = tempDir();
    const heard: string[] = [];
    const server = createServer((request, response) => {
      heard.push(request.url ?? '');
      response.end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('no port');
      const texts = attacks(`http://127.0.0.1:${address.port}`);
      const path = join(dir.path, 'page.html');
      writeFileSync(path, page(dir, texts));
      const dom = await openPage(pathToFileURL(path).href);
      expect(heard).toEqual([]);
      expect(dom).not.toContain('<title>owned</title>');
      expect(dom).not.toMatch(/<script|<iframe|<object|<base|<link|<form|<input/i);
      expect(dom.match(/<section class="turn"/g)).toHaveLength(texts.length);
      expect(dom.match(/<footer>/g)).toHaveLength(1);
      // Even a script that did get into the page would not run.
      const probe = `${page(dir, ['x'])}<script>document.title='ran'</script>`;
      writeFileSync(path, probe);
      expect(await openPage(pathToFileURL(path).href)).not.toContain('<title>ran</title>');
    } finally {
      server.close();
    }
  },
  60_000,
);
