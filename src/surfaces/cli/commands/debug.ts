import { describeFirstRequest } from '../../../engine/session/index.ts';
import { version } from '../../../foundation/util/index.ts';
import { loadConfig } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import type { CommandIo } from '../io.ts';
import { data, note } from '../output.ts';
import { UsageError } from '../usage.ts';

const spec = {
  usage: ['debug prompt-input [PROMPT] [options]'],
  about: ['Print exactly what a first request would send, with the size of each part. Nothing is sent.'],
  verbs: { 'prompt-input': '' },
  options: {
    model: { type: 'string', short: 'm', value: 'MODEL', about: 'model to use' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
    json: { type: 'boolean', about: 'print the body of the request alone' },
  },
} as const satisfies CommandSpec;

/** `keel debug prompt-input`: the first request of a thread, byte for byte. */
export const debugCommand: Command = { spec, run: printRequest };

async function printRequest(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, spec);
  const [what, prompt = 'Hello', ...more] = positionals;
  if (what !== 'prompt-input') throw new UsageError('what should be printed? keel debug prompt-input');
  refuseMore(more);
  const config = await loadConfig({
    env: io.env,
    cwd: io.cwd,
    overrides: values.config ?? [],
    flags: values.model === undefined ? {} : { model: values.model },
  });
  const request = await describeFirstRequest({
    config,
    prompt,
    version,
    onWarning: (message) => note(io, `warning: ${message}\n`),
  });
  if (values.json) {
    data(io, `${request.body}\n`);
    return 0;
  }
  for (const { name, text } of request.parts) {
    data(io, `=== ${name} (${Buffer.byteLength(text)} bytes)\n${text}\n\n`);
  }
  data(io, `=== whole request: ${Buffer.byteLength(request.body)} bytes\nPOST ${request.url}\n`);
  return 0;
}
