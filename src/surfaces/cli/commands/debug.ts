import { describeFirstRequest } from '../../../engine/session/index.ts';
import { version } from '../../../foundation/util/index.ts';
import { loadConfig } from '../../../storage/config/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandIo } from '../io.ts';
import { data, note } from '../output.ts';
import { UsageError } from '../usage.ts';

const help = `Usage: keel debug prompt-input [PROMPT] [-m MODEL] [-c key=value] [--json]

Print exactly what a first request would send, with the size of each part. Nothing is sent.
`;

const options = {
  model: { type: 'string', short: 'm' },
  config: { type: 'string', short: 'c', multiple: true },
  json: { type: 'boolean' },
} as const;

/** `keel debug prompt-input`: the first request of a thread, byte for byte. */
export async function debugCommand(io: CommandIo, words: readonly string[]): Promise<number> {
  const { values, positionals } = readCommandLine(words, help, options);
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
