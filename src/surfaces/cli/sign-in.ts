import { KeelError } from '../../foundation/protocol/index.ts';
import { printable } from '../../foundation/util/index.ts';
import { accountOf, browserSignIn, deviceSignIn, Issuer } from '../../models/auth/index.ts';
import { HttpTransport } from '../../models/client/index.ts';
import { type Config, commandEnvironment, programSearch, storeTokens } from '../../storage/config/index.ts';
import { openAddress } from '../../system/process/index.ts';
import type { CommandIo } from './io.ts';
import { inWords, note } from './output.ts';
import { stopSignal } from './stop-signal.ts';

/** Signs in, and stores the tokens in keel's home. @returns the exit code */
export async function signInWithChatgpt(io: CommandIo, config: Config, way: 'browser' | 'device'): Promise<number> {
  const clientId = config.signIn.clientId ?? accountOf(config.storedKey?.tokens?.idToken ?? '').clientId;
  if (clientId === null) {
    const message = 'set chatgpt_client_id in config.toml to the id by which you are registered with the issuer';
    throw new KeelError('invalidConfig', message);
  }
  using stop = stopSignal(io);
  const { signal } = stop;
  const transport = new HttpTransport({ env: config.env });
  try {
    const issuer = new Issuer({ issuer: config.signIn.issuer, clientId, transport, nowMs: Date.now });
    const tokens =
      way === 'browser'
        ? await browserSignIn({ issuer, signal, onAddress: (address) => showAddress(io, config, address) })
        : await deviceSignIn({
            issuer,
            signal,
            nowMs: Date.now,
            onCode: (address, code) => showCode(io, address, code),
          });
    const place = storeTokens({ home: config.home, store: config.credentialStores.login }, tokens);
    const { email } = accountOf(tokens.idToken);
    const who = email === null ? '' : ` as ${printable(email)}`;
    note(io, `You are signed in${who}. The sign-in is kept in ${inWords(place)}.\n`);
    return 0;
  } catch (error) {
    if (signal.aborted && typeof signal.reason === 'number') {
      note(io, 'Nothing was changed.\n');
      return signal.reason;
    }
    throw error;
  } finally {
    transport.close();
  }
}

function showAddress(io: CommandIo, config: Config, address: string): void {
  note(io, `Sign in with your browser. If it does not open, use this address:\n\n${address}\n\n`);
  // It is shown in any case: without a browser here it is opened by hand.
  if (io.stderr.isTTY)
    openAddress(address, { search: programSearch(config), env: commandEnvironment(config, config.env) });
}

function showCode(io: CommandIo, address: string, code: string): void {
  note(io, `Open ${address} in any browser and enter the code ${code}\n`);
}
