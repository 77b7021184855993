import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { functionCall, type ModelServer, message, respond, startModelServer } from '../../../../src/testing/index.ts';
import { type TestSession, testSession } from '../../../support/session.ts';
import { gitRepository, type TempDir, tempDir } from '../../../support/temp-dir.ts';
import { expectSame, replayed } from '../../../surfaces/replay/support.ts';

const page = `<!DOCTYPE html><html><head><title>Tides &amp; times</title><style>p { color: red }</style></head>
<body><script>alert("no")</script><h1>Tides</h1><p>High at <b>six</b>,&#32;see <a href="https://a.test/more">more</a>.</p>
<ul><li>one</li><li>two &lt;3&gt;</li></ul></body></html>`;

let home: TempDir;
let repo: TempDir;
let model: ModelServer;
let web: Server;
let port: number;
let live: TestSession;

beforeEach(async () => {
  home = tempDir();
  repo = gitRepository();
  web = createServer((req, res) => {
    if (req.url === '/page') res.setHeader('content-type', 'text/html').end(page);
    else if (req.url === '/long') res.end('a line of a long file\n'.repeat(30_000));
    else if (req.url === '/elsewhere') res.writeHead(302, { location: `http://bad.test:${port}/page` }).end();
    else if (req.url === '/file') res.writeHead(302, { location: 'file:///etc/passwd' }).end();
    else res.writeHead(404).end('gone');
  }).listen(0, '127.0.0.1');
  await new Promise((resolve) => web.once('listening', resolve));
  const address = web.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
});
afterEach(async () => {
  await live[Symbol.asyncDispose]();
  await model.close();
  web.closeAllConnections();
  web.close();
  home[Symbol.dispose]();
  repo[Symbol.dispose]();
});

const listed = [
  'sandbox_mode="workspace-write"',
  'approval_policy="never"',
  'sandbox.network.allowed_domains=["a.test"]',
  'sandbox.network.denied_domains=["bad.test"]',
  'sandbox.network.allow_local_binding=true',
];
const on = 'tools.web_fetch=true';

/** The result of fetching an address. */
async function fetched(url: string, overrides: readonly string[] = [on, ...listed]): Promise<string> {
  model = await startModelServer([respond(functionCall('web_fetch', { url }, 'c1')), respond(message('ok'))]);
  const options = { resolve: async () => ['127.0.0.1'] };
  live = await testSession({ url: model.url, home: home.path, cwd: repo.path, overrides, options });
  await live.say('go');
  return String(model.requests[1]?.outputOf('c1'));
}

const offered = () => (model.requests[0]?.tools ?? []).map(({ name }) => name);

describe('web_fetch', () => {
  test('gives the text of a page from a host that commands reach, with its links', async () => {
    expect(await fetched(`http://a.test:${port}/page`)).toBe(
      'Tides & times\n\nTides\n\nHigh at six, see more (https://a.test/more).\n\n- one\n\n- two <3>\n',
    );
    expect(offered()).toContain('web_fetch');
    expectSame(await replayed(live), 2);
  });

  test('gives the start and the end of a long one, and all of it in a file', async () => {
    const text = await fetched(`http://a.test:${port}/long`);
    expect(text).toMatch(/^\[lines \d+-\d+ of 30000 left out; all in \S+, nothing omitted\]$/m);
    expect(text.startsWith('a line of a long file\n')).toBe(true);
  });

  test.each([
    ['is not on the list', (at: number) => `http://other.test:${at}/page`],
    ['is denied', (at: number) => `http://bad.test:${at}/page`],
    ['a redirect leads to', (at: number) => `http://a.test:${at}/elsewhere`],
  ])('does not reach a host that %s', async (_, urlOf) => {
    const text = await fetched(urlOf(port));
    expect(text).toMatch(/^Exit code: [1-9]/);
    expect(text).not.toContain('Tides');
  });

  test.each([
    ['a file', 'file:///etc/passwd'],
    ['a password', 'http://user:secret@a.test/'],
    ['no address', 'a.test/page'],
    ['an option', '--output=x'],
  ])('takes http and https addresses alone: %s', async (_, url) => {
    expect(await fetched(url)).toMatch(/^web_fetch failed: url has to be a whole http or https address/);
  });

  test('follows no redirect to a file, and names the error of a server', async () => {
    expect(await fetched(`http://a.test:${port}/file`)).toMatch(/^Exit code: [1-9]/);
    await live[Symbol.asyncDispose]();
    await model.close();
    expect(await fetched(`http://a.test:${port}/nothing`)).toContain('404');
  });

  test('is neither offered nor answered unless the user switched it on', async () => {
    expect(await fetched(`http://a.test:${port}/page`, listed)).toMatch(/^unsupported call: web_fetch\n/);
    expect(offered()).not.toContain('web_fetch');
  });
});
