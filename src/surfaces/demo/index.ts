export { openDemo } from './open-demo.ts';
export { runDemo } from './run-demo.ts';
