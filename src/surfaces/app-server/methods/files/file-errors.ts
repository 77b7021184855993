import { FileFault } from '../../../../foundation/files/index.ts';
import { systemReason } from '../../../../foundation/util/index.ts';
import { ErrorCode, MethodError } from '../method.ts';

/** Does something with a file. What the place or the system has against it is the client's error, in words without paths of keel's own. */
export async function withFile<T>(path: string, work: () => T | Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const isExpected = error instanceof FileFault || (error instanceof Error && 'syscall' in error);
    if (!isExpected) throw error;
    const code = 'code' in error ? error.code : null;
    throw new MethodError(ErrorCode.invalidRequest, `${path}: ${systemReason(error)}`, { path, code });
  }
}
