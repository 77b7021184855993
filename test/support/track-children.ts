import { ChildProcess } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { trackChild } from '../../src/system/process/start/own-children.ts';

/*
 * keel in a process of its own takes the orphans of its commands, and ends them or collects their exit status: any child that it
 * did not start itself. Tests that run its surfaces in their process have children as well, which nobody but Node may collect.
 */

const isSubscribed = Symbol.for('keel.tests.childrenAreTracked');
if (!(isSubscribed in process)) {
  Object.defineProperty(process, isSubscribed, { value: true });
  // A child gets its id later in the same tick; no signal can be handled before that tick is over.
  subscribe('child_process', (message) => {
    const child = typeof message === 'object' && message !== null && 'process' in message ? message.process : null;
    if (child instanceof ChildProcess) process.nextTick(() => trackChild(child));
  });
}
