import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KeelError } from '../../../../src/foundation/protocol/index.ts';
import { errorReply } from '../../../../src/surfaces/app-server/connection/error-reply.ts';
import { requireOptIn } from '../../../../src/surfaces/app-server/connection/experimental.ts';
import {
  capabilitiesOf,
  InitializeParams,
  introduction,
} from '../../../../src/surfaces/app-server/connection/handshake.ts';
import { readMessage } from '../../../../src/surfaces/app-server/connection/message.ts';
import { ExecParams, shapeOf } from '../../../../src/surfaces/app-server/methods/commands/command-params.ts';
import { ErrorCode, MethodError } from '../../../../src/surfaces/app-server/methods/method.ts';

describe('a message', () => {
  test.each([
    ['{"id":1,"method":"a","params":{"x":1}}', { type: 'request', id: 1, method: 'a', params: { x: 1 } }],
    ['{"jsonrpc":"2.0","id":"s","method":"a"}', { type: 'request', id: 's', method: 'a', params: undefined }],
    ['{"id":0,"method":"a"}', { type: 'request', id: 0, method: 'a', params: undefined }],
    ['{"id":"","method":"a"}', { type: 'request', id: '', method: 'a', params: undefined }],
    ['{"method":"a","params":[]}', { type: 'notification', method: 'a' }],
    ['{"id":1,"result":null}', { type: 'reply', id: 1, reply: { type: 'result', result: null } }],
    ['{"id":1,"result":{"a":1}}', { type: 'reply', id: 1, reply: { type: 'result', result: { a: 1 } } }],
    ['{"id":1,"error":{"code":1,"message":"no"}}', { type: 'reply', id: 1, reply: { type: 'error', message: 'no' } }],
    ['{"id":1,"error":{}}', { type: 'reply', id: 1, reply: { type: 'error', message: '' } }],
    ['{"id":1,"error":"text"}', { type: 'reply', id: 1, reply: { type: 'error', message: '' } }],
    ['{"id":1,"result":1,"error":{"message":"x"}}', { type: 'reply', id: 1, reply: { type: 'result', result: 1 } }],
    ['  {"method":"a"}\n', { type: 'notification', method: 'a' }],
  ])('%s', (text, message) => {
    expect(readMessage(text)).toEqual(message);
  });

  test.each([
    ['', null, ErrorCode.parse],
    ['{', null, ErrorCode.parse],
    ['{"id":1,"method":"a"', null, ErrorCode.parse],
    ['['.repeat(100_000), null, ErrorCode.parse],
    ['null', null, ErrorCode.invalidRequest],
    ['[]', null, ErrorCode.invalidRequest],
    ['"text"', null, ErrorCode.invalidRequest],
    ['1', null, ErrorCode.invalidRequest],
    ['{}', null, ErrorCode.invalidRequest],
    ['{"id":1}', 1, ErrorCode.invalidRequest],
    ['{"id":1,"method":2}', 1, ErrorCode.invalidRequest],
    ['{"method":null}', null, ErrorCode.invalidRequest],
    ['{"id":null,"method":"a"}', null, ErrorCode.invalidRequest],
    ['{"id":1.5,"method":"a"}', null, ErrorCode.invalidRequest],
    ['{"id":true,"method":"a"}', null, ErrorCode.invalidRequest],
    ['{"id":{},"result":1}', null, ErrorCode.invalidRequest],
    ['{"result":1}', null, ErrorCode.invalidRequest],
  ])('%.60s is none', (text, id, code) => {
    expect(readMessage(text)).toMatchObject({ type: 'fault', id, code });
  });

  test('is read without a throw, whatever it is', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
        expect(['request', 'notification', 'reply', 'fault']).toContain(readMessage(text).type);
      }),
    );
  });

  test('of names that every object has is no member', () => {
    expect(readMessage('{"__proto__":{"method":"a"},"id":1}')).toMatchObject({ type: 'fault', id: 1 });
  });
});

describe('an error', () => {
  test.each([
    [new MethodError(ErrorCode.methodNotFound, 'no such method'), { code: -32_601, message: 'no such method' }, false],
    [new MethodError(-1, 'x', { a: 1 }), { code: -1, message: 'x', data: { a: 1 } }, false],
    [
      new KeelError('threadNotFound', 'gone'),
      { code: -32_600, message: 'gone', data: { kind: 'threadNotFound' } },
      false,
    ],
    [
      new KeelError('serverOverloaded', 'busy'),
      { code: -32_603, message: 'busy', data: { kind: 'serverOverloaded' } },
      false,
    ],
    [new KeelError('internal', 'secret path'), { code: -32_603, message: 'Internal error' }, true],
    [new Error('secret path'), { code: -32_603, message: 'Internal error' }, true],
    ['text', { code: -32_603, message: 'Internal error' }, true],
    [undefined, { code: -32_603, message: 'Internal error' }, true],
  ])('%s', (error, body, isBug) => {
    expect(errorReply(error)).toEqual({ body, isBug });
  });
});

describe('what a client has to ask for', () => {
  test.each<[string, unknown]>([
    ['thread/search/partial', {}],
    ['collaborationMode/list', undefined],
    ['thread/start', { dynamicTools: [] }],
    ['thread/resume', { history: [] }],
    ['thread/fork', { environments: {} }],
    ['turn/start', { collaborationMode: 'x' }],
    ['turn/start', { permissions: false }],
  ])('%s with %j', (method, params) => {
    expect(() => requireOptIn(method, params)).toThrow(/requires experimentalApi capability/);
  });

  test.each<[string, unknown]>([
    ['thread/start', {}],
    ['thread/start', { dynamicTools: null }],
    ['thread/start', { history: [] }],
    ['thread/start', null],
    ['thread/start', 'text'],
    ['turn/start', { dynamicTools: [] }],
    ['fs/readFile', { dynamicTools: [] }],
    ['constructor', { a: 1 }],
  ])('%s with %j is not among it', (method, params) => {
    expect(() => requireOptIn(method, params)).not.toThrow();
  });
});

describe('the handshake', () => {
  const clientInfo = { name: 'editor', version: '1' };

  test.each([
    [{ clientInfo }, false, []],
    [{ clientInfo, capabilities: null }, false, []],
    [{ clientInfo, capabilities: {} }, false, []],
    [{ clientInfo, capabilities: { experimentalApi: true } }, true, []],
    [
      { clientInfo, capabilities: { experimentalApi: null, optOutNotificationMethods: ['a', 'b', 'a'] } },
      false,
      ['a', 'b'],
    ],
  ])('%j', (params, experimentalApi, optedOut) => {
    const can = capabilitiesOf(InitializeParams.parse(params));
    expect([can.experimentalApi, [...can.optedOut]]).toEqual([experimentalApi, optedOut]);
  });

  test.each([{}, { clientInfo: { name: 'x' } }, { clientInfo, capabilities: { experimentalApi: 'yes' } }, null])(
    '%j is refused',
    (params) => {
      expect(InitializeParams.safeParse(params).success).toBe(false);
    },
  );

  test('names keel, the client and where settings are', () => {
    expect(introduction({ clientInfo }, '/home/ada/.keel')).toMatchObject({
      userAgent: expect.stringMatching(/^keel\/\S+ \(.+\) \(editor; 1\)$/),
      codexHome: '/home/ada/.keel',
      platformFamily: 'unix',
    });
  });
});

describe('the shape of a command', () => {
  const shape = (more: object) => shapeOf(ExecParams.parse({ command: ['ls'], ...more }));
  const usual = {
    processId: null,
    terminal: null,
    takesInput: false,
    isStreamed: false,
    outputCap: 1024 * 1024,
    timeoutMs: 60_000,
  };

  test.each([
    [{}, {}],
    [{ processId: 'p' }, { processId: 'p' }],
    [
      { processId: 'p', tty: true },
      { processId: 'p', terminal: { rows: 24, cols: 80 }, takesInput: true, isStreamed: true },
    ],
    [
      { processId: 'p', tty: true, size: { rows: 5, cols: 9 } },
      { processId: 'p', terminal: { rows: 5, cols: 9 }, takesInput: true, isStreamed: true },
    ],
    [
      { processId: 'p', streamStdin: true },
      { processId: 'p', takesInput: true },
    ],
    [
      { processId: 'p', streamStdoutStderr: true, disableOutputCap: true },
      { processId: 'p', isStreamed: true, outputCap: null },
    ],
    [{ disableOutputCap: true }, { outputCap: 32 * 1024 * 1024 }],
    [{ outputBytesCap: 0 }, { outputCap: 0 }],
    [{ outputBytesCap: 2 ** 40 }, { outputCap: 32 * 1024 * 1024 }],
    [{ timeoutMs: 0 }, { timeoutMs: 0 }],
    [{ timeoutMs: 2 ** 40 }, { timeoutMs: 2 ** 31 - 1 }],
    [{ disableTimeout: true }, { timeoutMs: null }],
    [{ disableTimeout: false, timeoutMs: 5 }, { timeoutMs: 5 }],
  ])('with %j has %j', (params, expected) => {
    expect(shape(params)).toEqual({ ...usual, ...expected });
  });

  test.each([
    [{ tty: true }, 'need a processId'],
    [{ streamStdin: true }, 'need a processId'],
    [{ streamStdoutStderr: true }, 'need a processId'],
    [{ size: { rows: 1, cols: 1 } }, 'size needs tty'],
    [{ disableOutputCap: true, outputBytesCap: 1 }, 'exclude each other'],
    [{ disableTimeout: true, timeoutMs: 1 }, 'exclude each other'],
  ])('with %j is refused: %s', (params, message) => {
    expect(() => shape(params)).toThrow(message);
  });

  test.each([{ command: [] }, { command: 'ls' }, { timeoutMs: -1 }, { size: { rows: 0, cols: 1 } }, { env: { A: 1 } }])(
    'has to fit its schema: %j',
    (params) => {
      expect(ExecParams.safeParse({ command: ['ls'], ...params }).success).toBe(false);
    },
  );
});
