import type { RequestRecord } from './http.ts';

const most = 10_000;

/** What the platform was asked, oldest first; beyond ten thousand requests the oldest are forgotten. */
export function createRecording() {
  let records: RequestRecord[] = [];
  return {
    add(record: RequestRecord): void {
      records.push(record);
      if (records.length > most) records.shift();
    },
    list: (): readonly RequestRecord[] => records,
    reset(): void {
      records = [];
    },
  };
}

/** The recording of a running platform. */
export type Recording = ReturnType<typeof createRecording>;
