import { type Config, commandEnvironment } from '../../../../storage/config/index.ts';
import { ErrorCode, MethodError } from '../method.ts';

/** The loader and the C library obey these in every program that is started, so in the one that sets up the sandbox as well. */
const LOADER =
  /^(?:LD_.*|DYLD_.*|GLIBC_TUNABLES|GCONV_PATH|LOCPATH|NLSPATH|MALLOC_TRACE|RES_OPTIONS|LOCALDOMAIN|HOSTALIASES)$/;

/**
 * What a command sees: what keel's policy lets through, without secrets, and what the client sets beside that. Null unsets.
 * @throws MethodError for a variable that would act outside the sandbox
 */
export function execEnvironment(
  config: Config,
  overrides: Readonly<Record<string, string | null>>,
  isConfined: boolean,
): Record<string, string> {
  const env = new Map(Object.entries(commandEnvironment(config, config.env)));
  for (const [name, value] of Object.entries(overrides)) {
    const isWellFormed = name !== '' && !/[=\0]/.test(name) && value?.includes('\0') !== true;
    if (!isWellFormed) throw refused(`env: ${JSON.stringify(name)} can't be set`);
    if (value === null) env.delete(name);
    else if (isConfined && LOADER.test(name)) {
      throw refused(
        `env: ${name} would act on what sets up the sandbox: set it in the command, env ${name}=... PROGRAM`,
      );
    } else env.set(name, value);
  }
  return Object.fromEntries(env);
}

function refused(message: string): MethodError {
  return new MethodError(ErrorCode.invalidRequest, message);
}
