import { KeelError } from '../../../foundation/protocol/index.ts';
import { runAppServer } from '../../app-server/index.ts';
import { readCommandLine, refuseMore } from '../command-line.ts';
import type { CommandSpec } from '../command-spec.ts';
import type { Command } from '../commands.ts';
import { note } from '../output.ts';
import { fleetUrl } from '../session-options.ts';
import { stopSignal } from '../stop-signal.ts';

const spec = {
  usage: ['app-server [options]'],
  about: [
    'Serve keel to editors and other programs by the app server protocol: threads, turns, items and approvals as JSON-RPC.',
    'Standard input and output serve one client. A socket serves several, which show the token that keel keeps in its home. See docs/app-server.md.',
  ],
  options: {
    listen: {
      type: 'string',
      value: 'ADDRESS',
      about: 'stdio: (default), unix:PATH or ws://IP:PORT',
    },
    'on-disconnect': {
      type: 'string',
      value: 'interrupt|continue',
      about: 'what becomes of a turn that no client follows any more; default interrupt',
    },
    fleet: {
      type: 'string',
      value: 'URL',
      about: 'open threads of the fleet at URL as well; its token is in KEEL_FLEET_TOKEN',
    },
    'allow-remote': { type: 'boolean', about: 'listen where other machines can connect' },
    config: { type: 'string', short: 'c', multiple: true, value: 'KEY=VALUE', about: 'override a setting; repeatable' },
  },
} as const satisfies CommandSpec;

/** `keel app-server`: ends with its input, or by a signal. */
export const appServerCommand: Command = {
  spec,
  async run(io, words) {
    const { values, positionals } = readCommandLine(words, spec);
    refuseMore(positionals);
    const whenAlone = values['on-disconnect'] ?? 'interrupt';
    if (whenAlone !== 'interrupt' && whenAlone !== 'continue') {
      throw new KeelError('invalidInput', `--on-disconnect ${whenAlone}: expected interrupt or continue`);
    }
    using stop = stopSignal(io);
    await runAppServer({
      env: io.env,
      cwd: io.cwd,
      overrides: values.config ?? [],
      listen: values.listen ?? 'stdio:',
      allowRemote: values['allow-remote'] ?? false,
      whenAlone,
      fleet:
        values.fleet === undefined ? null : { url: fleetUrl(values.fleet), token: io.env['KEEL_FLEET_TOKEN'] ?? null },
      stdin: io.stdin,
      stdout: io.stdout,
      log: (line) => note(io, `${line}\n`),
      stop: stop.signal,
      onExit: (kill) => stop.onExit(kill),
    });
    return stop.signal.aborted ? Number(stop.signal.reason) || 1 : 0;
  },
};
