import { readFileSync } from 'node:fs';
import { KeelError } from '../../foundation/protocol/index.ts';
import { reasonOf } from '../../foundation/util/index.ts';

type Environment = Readonly<Record<string, string | undefined>>;

/** Files of a provider, PEM, absolute. */
export interface TlsFiles {
  /** Certificates of authorities to trust beside the usual ones. */
  readonly caFile?: string | undefined;
  /** The certificate by which keel proves who it is, with those of its issuers. */
  readonly clientCert?: string | undefined;
  /** The key of that certificate; absent: it is in the same file. */
  readonly clientKey?: string | undefined;
}

interface TlsOptions {
  readonly ca?: readonly string[];
  readonly cert?: string;
  readonly key?: string;
}

/** How OpenSSL calls a server whose authority is not known (openssl-verify(1), "DIAGNOSTICS"). */
const UNKNOWN_AUTHORITY: ReadonlySet<string> = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);
/** Node's variable and OpenSSL's; Node reads its own one itself, but not from keel's `.env`. */
const CA_VARIABLES = ['SSL_CERT_FILE', 'NODE_EXTRA_CA_CERTS'] as const;

/** Whether the server would be trusted if its authority were: the system may know more of them than Node does. */
export function isUnknownAuthority(error: Error): boolean {
  return 'code' in error && typeof error.code === 'string' && UNKNOWN_AUTHORITY.has(error.code);
}

/**
 * Whom to trust, and what to prove keel's own identity with. Reading the system's authorities takes some 80 ms, so that is done
 * only `withSystem`.
 * @throws KeelError `invalidConfig` for a file of the settings that can't be read or used
 */
export function tlsOptions(files: TlsFiles, env: Environment, withSystem: boolean): TlsOptions {
  return { ...authorities(files, env, withSystem), ...identity(files) };
}

function authorities({ caFile }: TlsFiles, env: Environment, withSystem: boolean): TlsOptions {
  const fromEnv = CA_VARIABLES.map((name) => env[name]).filter((path) => path !== undefined && path !== '');
  const named = caFile === undefined ? [...new Set(fromEnv)].flatMap(readIfThere) : [readSetting('ca_file', caFile)];
  if (named.length === 0 && !withSystem) return {};
  const { getCACertificates } = process.getBuiltinModule('node:tls');
  return { ca: [...getCACertificates('default'), ...(withSystem ? getCACertificates('system') : []), ...named] };
}

function identity({ clientCert, clientKey }: TlsFiles): TlsOptions {
  if (clientCert === undefined) return {};
  const cert = readSetting('client_cert', clientCert);
  const key = clientKey === undefined ? cert : readSetting('client_key', clientKey);
  try {
    process.getBuiltinModule('node:tls').createSecureContext({ cert, key });
  } catch (cause) {
    const where = clientKey === undefined ? clientCert : `${clientCert} and client_key ${clientKey}`;
    // The reason is OpenSSL's and has nothing of the key in it.
    throw new KeelError('invalidConfig', `client_cert ${where} can't be used: ${reasonOf(cause)}`, { cause });
  }
  return { cert, key };
}

/** A variable that is left over from another installation only trusts nobody further. */
function readIfThere(path: string | undefined): string[] {
  try {
    return path === undefined ? [] : [readFileSync(path, 'utf8')];
  } catch {
    return []; // the handshake fails, and says so
  }
}

function readSetting(key: string, path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw new KeelError('invalidConfig', `${key} ${path} can't be read: ${reasonOf(cause)}`, { cause });
  }
}
