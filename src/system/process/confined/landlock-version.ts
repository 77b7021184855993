import { Kernel } from './kernel.ts';

/**
 * The kernel's version of Landlock; 1 or more.
 * @throws {ConfinementError} if it has none, or it is switched off
 */
export async function landlockVersion(): Promise<number> {
  return Kernel.load().landlockAbi();
}
