import { once } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { createServer } from 'node:net';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { KeelError } from '../../../src/foundation/protocol/index.ts';
import { modelInfo } from '../../../src/models/catalogue/index.ts';
import { HttpTransport, resolveCredentials, userAgent } from '../../../src/models/client/index.ts';
import { ModelError } from '../../../src/models/failures/index.ts';
import {
  clientOf,
  collect,
  completed,
  created,
  failureOf,
  loopback,
  NEVER,
  promptOf,
  providerAt,
  refusing,
  respond,
  sse,
  streaming,
} from '../support.ts';

describe('the request on the wire', () => {
  test('it carries exactly the headers of the contract', async () => {
    const server = await streaming(sse(completed));
    await collect(clientOf(providerAt(server.baseUrl, { httpHeaders: { version: '1.2.3' } })));

    const { host, connection, 'content-length': length, ...headers } = server.requests[0]?.headers ?? {};
    expect(headers).toEqual({
      originator: 'keel_exec',
      'user-agent': 'keel_exec/0 (test)',
      version: '1.2.3',
      authorization: 'Bearer test-key-123',
      'codex-task-type': 'regular',
      'keel-session-source': 'exec',
      conversation_id: '0199c0de-7f60-7abc-8def-001122334455',
      session_id: '0199c0de-7f60-7abc-8def-001122334455',
      accept: 'text/event-stream',
      'content-type': 'application/json',
    });
    expect({ host, length }).toEqual({
      host: new URL(server.baseUrl).host,
      length: String(Buffer.byteLength(server.requests[0]?.body ?? '')),
    });
    expect(connection).toBe('keep-alive');
  });

  test.each(['regular', 'review', 'compact', 'undo', 'user_shell'] as const)(
    'the task kind %s is a plain word',
    async (taskKind) => {
      const server = await streaming(sse(completed));
      const client = clientOf(providerAt(server.baseUrl), { sessionSource: { subagent: { other: 'my helper' } } });
      await collect(client, promptOf(), NEVER, taskKind);

      expect(server.requests[0]?.headers).toMatchObject({
        'codex-task-type': taskKind,
        'keel-session-source': 'subagent-my_helper',
      });
    },
  );

  test('without a key there is no Authorization header', async () => {
    const server = await streaming(sse(completed));
    const credentials = () => ({ bearer: null, source: 'no key', headers: {} });
    await collect(clientOf(providerAt(server.baseUrl), { credentials }));

    expect(server.requests[0]?.headers).not.toHaveProperty('authorization');
  });

  test('an originator that no header can hold is replaced by the default', async () => {
    const server = await streaming(sse(completed));
    await collect(clientOf(providerAt(server.baseUrl), { originator: 'keel\nx' }));

    expect(server.requests[0]?.headers['originator']).toBe('keel_cli');
  });

  test('a key that no header can hold fails before the request, without telling it', async () => {
    const server = await streaming(sse(completed));
    const credentials = () => ({ bearer: 'secret\nkey', source: 'x', headers: {} });
    const error = await collect(clientOf(providerAt(server.baseUrl), { credentials })).catch((reason) => reason);

    expect(error).toBeInstanceOf(KeelError);
    expect(error).toMatchObject({ kind: 'invalidConfig', retryable: false });
    expect(error.message).not.toContain('secret');
    expect(server.requests).toEqual([]);
  });

  test('a header whose name is none fails before the request, and is not tried again', async () => {
    const server = await streaming(sse(completed));
    const provider = providerAt(server.baseUrl, { httpHeaders: { 'bad name': 'secret' } });
    const error = await collect(clientOf(provider)).catch((reason) => reason);

    expect(error).toMatchObject({ kind: 'invalidConfig', retryable: false });
    expect(error.message).toContain('"bad name" for provider');
    expect(server.requests).toEqual([]);
  });

  test.each(['', '/', '//'])(
    'model 8: a base URL that ends in "%s" gives one slash, and the query is encoded',
    async (end) => {
      const server = await streaming(sse(completed));
      const queryParams = { 'api-version': '2025-04-01 preview', 'a&b': 'x=y' };
      await collect(clientOf(providerAt(`${server.baseUrl}${end}`, { queryParams })));

      expect(server.requests[0]?.url).toBe('/v1/responses?api-version=2025-04-01+preview&a%26b=x%3Dy');
    },
  );

  test.each(['not an address', 'ftp://host/v1'])(
    'the base URL "%s" is reported as a configuration error',
    async (baseUrl) => {
      const error = await collect(clientOf(providerAt(baseUrl))).catch((reason) => reason);

      expect(error).toMatchObject({ kind: 'invalidConfig', retryable: false });
    },
  );

  test('model 40: control characters in a user-agent suffix become underscores', async () => {
    const server = await streaming(sse(completed));
    const facts = { originator: 'keel_exec', version: '0.1.0', env: { TERM: 'xterm 256' }, suffix: 'my\r\nclient é' };
    await collect(clientOf(providerAt(server.baseUrl), { userAgent: userAgent(facts) }));

    expect(server.requests[0]?.headers['user-agent']).toMatch(
      /^keel_exec\/0\.1\.0 \(.+ .+; .+\) xterm_256 \(my__client _\)$/,
    );
  });

  test.each([
    [{ TERM_PROGRAM: 'iTerm.app', TERM_PROGRAM_VERSION: '3.5', TERM: 'xterm' }, 'iTerm.app/3.5'],
    [{ KITTY_WINDOW_ID: '1', TERM: 'xterm-kitty' }, 'kitty'],
    [{}, 'unknown'],
  ])('the terminal in the user agent comes from the environment: %j', (env, terminal) => {
    expect(userAgent({ originator: 'keel_cli', version: '1', env })).toMatch(new RegExp(`\\) ${terminal}$`));
  });
});

describe('connections', () => {
  test('the next request goes over the same connection', async () => {
    const server = await streaming(sse(completed));
    const client = clientOf(providerAt(server.baseUrl));
    await collect(client);

    // The end of a response is read behind the caller's back, so an immediate request may still open a second one.
    await vi.waitFor(async () => {
      await collect(client.with({ effort: 'high' }));
      const [previous, latest] = server.requests.slice(-2);
      expect(latest?.socket === previous?.socket).toBe(true);
    }, 30_000);
  });

  test('model 26: an abort while waiting for headers closes the socket', async () => {
    const arrived = Promise.withResolvers<void>();
    const server = await loopback(() => arrived.resolve());
    const controller = new AbortController();
    const work = failureOf(collect(clientOf(providerAt(server.baseUrl)), promptOf(), controller.signal));
    await arrived.promise;
    const startedAt = performance.now();
    controller.abort();

    expect(await work).toMatchObject({ kind: 'interrupted', retryable: false });
    const socket = server.requests[0]?.socket;
    if (socket && !socket.closed) await once(socket, 'close');
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test('model 26: an abort in the middle of a response closes the socket', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(sse(created)));
    const controller = new AbortController();
    const stream = clientOf(providerAt(server.baseUrl)).stream(promptOf(), {
      taskKind: 'regular',
      signal: controller.signal,
    });
    await stream.next();
    const startedAt = performance.now();
    controller.abort();

    await expect(stream.next()).rejects.toMatchObject({ kind: 'interrupted' });
    const socket = server.requests[0]?.socket;
    if (socket && !socket.closed) await once(socket, 'close');
    expect(socket?.closed).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(8_000);
  });

  test('a signal that is aborted already lets nothing out', async () => {
    const server = await streaming(sse(completed));
    const error = await failureOf(collect(clientOf(providerAt(server.baseUrl)), promptOf(), AbortSignal.abort()));

    expect(error.kind).toBe('interrupted');
    expect(server.requests).toEqual([]);
  });

  test('a reader that stops in the middle closes the socket', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(sse(created)));
    for await (const events of clientOf(providerAt(server.baseUrl)).stream(promptOf(), {
      taskKind: 'regular',
      signal: NEVER,
    })) {
      expect(events).toEqual([{ type: 'created' }]);
      break;
    }

    const socket = server.requests[0]?.socket;
    if (socket && !socket.closed) await once(socket, 'close');
    expect(socket?.closed).toBe(true);
  });

  test('a server that continues after completed is hung up on', async () => {
    const server = await loopback((response) => void response.writeHead(200).write(sse(completed)));
    await collect(clientOf(providerAt(server.baseUrl)));

    const socket = server.requests[0]?.socket;
    if (socket && !socket.closed) await once(socket, 'close');
    expect(socket?.closed).toBe(true);
  });

  test('a proxy of the environment is used', async () => {
    const asked: string[] = [];
    const proxy = createHttpServer((request, response) => {
      asked.push(request.url ?? '');
      request.resume().on('end', () => respond(response, sse(completed)));
    });
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const address = proxy.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const transport = new HttpTransport({ env: { HTTP_PROXY: `http://127.0.0.1:${port}` } });
    await collect(clientOf(providerAt('http://model.invalid/v1'), { transport }));

    expect(asked).toEqual(['http://model.invalid/v1/responses']);
  });

  test('a server that does not speak TLS is reported as a failed connection', async () => {
    const plain = createServer((socket) => socket.end('hello\n'));
    await new Promise<void>((resolve) => plain.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void plain.close());
    const address = plain.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const error = await failureOf(collect(clientOf(providerAt(`https://127.0.0.1:${port}/v1`))));

    expect(error).toMatchObject({ kind: 'httpConnectionFailed', phase: 'request', retryable: true });
  });
});

describe('secrets', () => {
  const provider = {
    httpHeaders: { 'api-key': 'static-secret-1' },
    envHttpHeaders: { 'X-Team': 'TEAM' },
    queryParams: { token: 'query-secret-1' },
  };
  const secrets = ['bearer-secret-1', 'static-secret-1', 'env-secret-1', 'query-secret-1'];
  const credentialsFor = (baseUrl: string) => () =>
    resolveCredentials(
      providerAt(baseUrl, { ...provider, envKey: 'KEY' }),
      { KEY: secrets[0], TEAM: secrets[2] },
      null,
    );

  test.each([400, 401, 429, 500])(
    'model 39: a server that echoes them with status %s does not get them into the error',
    async (status) => {
      const echo = `you sent ${secrets.join(' and ')}`;
      const server = await refusing(status, JSON.stringify({ error: { message: echo } }));
      const client = clientOf(providerAt(server.baseUrl, provider), { credentials: credentialsFor(server.baseUrl) });
      const error = await failureOf(collect(client));

      expect(error.message).toContain('you sent *** and *** and *** and ***');
      expect(JSON.stringify([error, error.toInfo(), error.stack])).not.toMatch(/secret-1/);
    },
  );

  test('model 39: a failed response that echoes them does not get them into the error', async () => {
    const event = { type: 'response.failed', response: { error: { code: 'x', message: secrets.join(' ') } } };
    const server = await streaming(sse(event));
    const client = clientOf(providerAt(server.baseUrl, provider), { credentials: credentialsFor(server.baseUrl) });

    expect((await failureOf(collect(client))).message).toBe("the model's response failed: *** *** *** ***");
  });

  test.each([
    ['as a parameter, as written', '?api-key=par%2Fam-secret-1', 'api-key=par%2Fam-secret-1'],
    ['as a parameter, as read', '?api-key=par%2Fam-secret-1', 'par/am-secret-1'],
    ['as a password', '', 'url%2Fsecret-1'],
    ['as a password, as read', '', 'url/secret-1'],
    ['as a header', '', Buffer.from('user:url/secret-1').toString('base64')],
  ])('one that is in the base URL does not get into the error when it is echoed %s', async (_, query, echo) => {
    const server = await refusing(400, `you sent ${echo}`);
    const baseUrl = `${server.baseUrl.replace('//', '//user:url%2Fsecret-1@')}${query}`;
    const error = await failureOf(collect(clientOf(providerAt(baseUrl))));

    expect(error.message).toMatch(/you sent (api-key=)?\*\*\*$/);
  });

  test.each<[string, (response: ServerResponse) => void]>([
    ['refuses', (response) => response.writeHead(403).end('<html>Blocked</html>')],
    ['asks for a password', (response) => response.writeHead(407).end()],
    ['is overloaded', (response) => response.writeHead(503).end('busy')],
    ['shows a page', (response) => response.writeHead(200).end('<html>Log in</html>')],
  ])('a proxy that %s is named with its variable, and so is the way around it', async (_, answer) => {
    const proxy = await loopback(answer);
    const { host } = new URL(proxy.baseUrl);
    const transport = new HttpTransport({ env: { HTTP_PROXY: `http://user:proxy-secret-1@${host}` } });
    const error = await failureOf(collect(clientOf(providerAt('http://model.invalid/v1'), { transport })));
    expect(error.message).toContain(`${host} (HTTP_PROXY)`);
    expect(error.message).toMatch(/model\.invalid, add it to NO_PROXY/);
    expect(error.message).not.toContain('secret-1');
  });

  test('a proxy that refuses a tunnel is named likewise; a server without one says nothing of proxies', async () => {
    const proxy = createHttpServer().on('connect', (_, socket) => socket.end('HTTP/1.1 403 Forbidden\r\n\r\n'));
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void proxy.close());
    const address = proxy.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const transport = new HttpTransport({ env: { HTTPS_PROXY: `http://127.0.0.1:${port}` } });
    const tunnel = await failureOf(collect(clientOf(providerAt('https://model.invalid/v1'), { transport })));
    expect(tunnel.message).toMatch(/proxy 127\.0\.0\.1:\d+ \(HTTPS_PROXY\).*model\.invalid, add it to NO_PROXY/);
    const server = await loopback((response) => response.writeHead(403).end('no'));
    const direct = await failureOf(collect(clientOf(providerAt(server.baseUrl))));
    expect(direct.message).not.toMatch(/proxy/i);
  });

  test('the password of a proxy does not get into the error', async () => {
    for (const port of [1, 999_999]) {
      const transport = new HttpTransport({ env: { HTTP_PROXY: `http://user:proxy-secret-1@127.0.0.1:${port}` } });
      const asked = collect(clientOf(providerAt('http://model.invalid/v1'), { transport }));

      await expect(asked).rejects.toThrow(/HTTP_PROXY/);
      await expect(asked).rejects.not.toThrow(/secret-1/);
    }
  });

  test('model 39: a described request masks them', () => {
    const baseUrl = 'https://user:url-secret-1@host.example/v1';
    const described = clientOf(providerAt(baseUrl, provider), { credentials: credentialsFor(baseUrl) }).describe(
      promptOf(),
    );

    expect(JSON.stringify(described)).not.toMatch(/secret-1/);
    expect(described.headers).toMatchObject({ Authorization: 'Bearer ***', 'api-key': '***', 'X-Team': '***' });
    expect(described.url).toBe('https://***@host.example/v1/responses?token=***');
  });

  test('a request can be described without any key', () => {
    const credentials = () => {
      throw new KeelError('missingCredentials', 'none');
    };
    const described = clientOf(providerAt('http://host.example/v1'), { credentials }).describe(promptOf());

    expect(described.headers).not.toHaveProperty('Authorization');
    expect(JSON.parse(described.body).instructions).toBe('You are keel.');
  });
});

describe('what a client reports of its settings', () => {
  const provider = providerAt('http://host.example/v1');

  test('a model that takes all of them gives no warning', () => {
    expect(clientOf(provider, { model: modelInfo('gpt-5'), effort: 'low', verbosity: 'low' }).warnings).toEqual([]);
  });

  test('an unknown model, and an effort it does not take, are warned about', () => {
    expect(clientOf(provider, { model: modelInfo('mystery-1'), effort: 'low' }).warnings).toEqual([
      'The model "mystery-1" is not known to keel; its limits are guessed.',
      'The model "mystery-1" takes no reasoning effort; "low" is not sent.',
    ]);
  });

  test('model 10: missing credentials fail the call with no request', async () => {
    const server = await streaming(sse(completed));
    const needy = providerAt(server.baseUrl, { envKey: 'ACME_KEY', envKeyInstructions: 'See the ACME console.' });
    const client = clientOf(needy, { credentials: () => resolveCredentials(needy, { ACME_KEY: ' ' }, null) });
    const error = await collect(client).catch((reason) => reason);

    expect(error).not.toBeInstanceOf(ModelError);
    expect(error).toMatchObject({
      kind: 'missingCredentials',
      retryable: false,
      message: 'Missing environment variable: `ACME_KEY`. See the ACME console.',
    });
    expect(server.requests).toEqual([]);
  });
});
