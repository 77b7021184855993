export { type LiveThreads, liveRoute } from './live-route.ts';
export { type RecordedLine, RecordReplaced, tailRollout } from './rollout-tail.ts';
export { readSse, SseStream } from './sse.ts';
export { type Watched, type WatchOptions, WatchRefused, watch } from './watch-client.ts';
export { type WatchedThread, watchThread } from './watch-thread.ts';
