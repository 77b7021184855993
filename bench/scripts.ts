import {
  functionCall,
  message,
  type RecordedRequest,
  type Response,
  respond,
  type Script,
  usage,
} from '../src/testing/index.ts';

export const DELTAS = 20_000;

export const hello: Script = () => respond(message('hello'), usage({ input: 10, output: 2 }));

const done = () => respond(message('done'), usage({}));

/** `steps` runs of a command, one a response. */
export function commands(steps: number, command: string): Script {
  return (request) => {
    const ran = request.input.filter((item) => item['type'] === 'function_call_output').length;
    if (ran >= steps) return done();
    return respond(functionCall(runnerOf(request), argumentsOf(request, command), `call_${ran}`), usage({}));
  };
}

export const deltas: Script = () => {
  const pieces = Array.from({ length: DELTAS }, (_, at) => `word${at % 10} `);
  return respond(message(pieces.join(''), { deltas: pieces }), usage({}));
};

/** Starts this many subagents at once, each of which runs a command, and waits for them. */
export function subagents(count: number): Script {
  return (request): Response => {
    const outputs = request.input.filter((item) => item['type'] === 'function_call_output');
    if (request.textsOf('user').some((text) => text.startsWith('<agent_role'))) {
      return outputs.length > 0
        ? done()
        : respond(functionCall(runnerOf(request), argumentsOf(request, 'true'), 'own'), usage({}));
    }
    if (outputs.length === 0) {
      const calls = Array.from({ length: count }, (_, at) =>
        functionCall('spawn_agent', { message: `part ${at}` }, `spawn_${at}`),
      );
      return respond(...calls, usage({}));
    }
    if (outputs.length > count) return done();
    const ids = outputs.map((item) => /"id":"([^"]+)"/.exec(String(item['output']))?.[1] ?? '');
    return respond(functionCall('wait', { ids, timeout_ms: 60_000 }, 'wait'), usage({}));
  };
}

/** Each contestant has its own way to run a command; the bare floor takes keel's. */
function runnerOf(request: Pick<RecordedRequest, 'tools'>): string {
  return request.tools.some((tool) => tool['name'] === 'shell') ? 'shell' : 'exec_command';
}

function argumentsOf(request: Pick<RecordedRequest, 'tools'>, command: string): Readonly<Record<string, unknown>> {
  return runnerOf(request) === 'shell'
    ? { command: ['bash', '-c', command], timeout_ms: 60_000 }
    : { cmd: command, yield_time_ms: 30_000 };
}
