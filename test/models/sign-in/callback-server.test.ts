import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, expect, test } from 'vitest';
import { CallbackServer } from '../../../src/models/sign-in/index.ts';
import { NEVER } from '../support.ts';

const STATE = 'the-state-of-this-sign-in';
const open = (port: number | null = null) =>
  CallbackServer.open({ port, host: '127.0.0.1', path: '/callback', state: STATE, signal: NEVER });
const portOf = ({ url }: CallbackServer) => Number(new URL(url).port);

/** What a server answers to the bytes of one connection. */
async function answerTo(port: number, text: string): Promise<string> {
  let answer = '';
  const socket = connect(port, '127.0.0.1', () => socket.write(text));
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

describe('the server that a browser comes back to', () => {
  test('shows whether the sign-in has succeeded, once it has', async () => {
    await using server = await open();
    const page = fetch(`${server.url}?state=${STATE}&code=c1`).then((response) => response.text());
    expect(await server.answered(async (answer) => answer.get('code'), NEVER)).toBe('c1');
    expect(await page).toContain('You are signed in');

    await using other = await open();
    const failed = fetch(`${other.url}?state=${STATE}&code=c1`).then((response) => response.text());
    const refused = other.answered(() => Promise.reject(new Error('no tokens')), NEVER);
    await expect(refused).rejects.toThrow('no tokens');
    expect(await failed).toContain('The sign-in failed');
  });

  test.each([
    ['without the state', 'GET', '/callback?code=evil', 400],
    ['with another state of the same length', 'GET', `/callback?code=evil&state=${'x'.repeat(STATE.length)}`, 400],
    ['to another path', 'GET', `/other?code=evil&state=${STATE}`, 404],
    ['by another method', 'POST', `/callback?code=evil&state=${STATE}`, 400],
  ])('takes nothing from a request %s', async (_, method, path, status) => {
    await using server = await open();
    expect((await fetch(new URL(path, server.url), { method })).status).toBe(status);
    const page = fetch(`${server.url}?state=${STATE}&code=c1`);
    expect(await server.answered(async (answer) => answer.get('code'), NEVER)).toBe('c1');
    await page;
  });

  test('takes the first answer only', async () => {
    await using server = await open();
    const address = (code: string) => `${server.url}?state=${STATE}&code=${code}`;
    const first = fetch(address('c1'));
    let second = 0;
    const used = await server.answered(async (answer) => {
      second = (await fetch(address('c2'))).status;
      return answer.get('code');
    }, NEVER);
    expect([used, second, (await first).status]).toEqual(['c1', 400, 200]);
  });

  test('survives an address that is none', async () => {
    await using server = await open();
    expect(await answerTo(portOf(server), 'GET // HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')).toMatch(/ 400 /);
    expect((await fetch(server.url)).status).toBe(400);
  });

  test('gives its port to a sign-in that needs it, but ends for no web page', async () => {
    await using first = await open();
    const waiting = first.answered(async () => 'never', NEVER);
    const ended = expect(waiting).rejects.toThrow('another sign-in was started');
    const byPage = request(new URL('/cancel', first.url), { headers: { 'sec-fetch-site': 'cross-site' } });
    const status = new Promise((resolve) => byPage.on('response', ({ statusCode }) => resolve(statusCode)));
    byPage.end();
    expect(await status).toBe(404);
    const second = open(portOf(first));
    await ended;
    await first[Symbol.asyncDispose]();
    await using taken = await second;
    expect(portOf(taken)).toBe(portOf(first));
  });

  test('says so where a program has the port that is no sign-in', async () => {
    await using other = await open();
    const blocked = CallbackServer.open({
      ...{ port: portOf(other), host: '127.0.0.1', path: '/callback', state: STATE },
      signal: AbortSignal.timeout(300),
    });
    await expect(blocked).rejects.toThrow();
  });
});
