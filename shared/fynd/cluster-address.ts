/** Where requests to a cluster go, and what stands before each of their paths. */
export interface ClusterAddress {
  readonly origin: string;
  readonly host: string;
  /** `/region/{region}`, or nothing where the configuration names no region. */
  readonly prefix: string;
  /** What every request of ours carries besides: the region once more. */
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * Takes a cluster's base apart: `https://api.fynd.com`, or with a region `https://api.fynd.com/region/asia-south1`. Regional
 * addresses are known from Fynd's own tools alone; the header says the same to whoever reads that instead of the path.
 */
export function clusterAddress(cluster: string): ClusterAddress {
  const { origin, host, pathname } = new URL(cluster);
  if (pathname === '/') return { origin, host, prefix: '', headers: {} };
  return { origin, host, prefix: pathname, headers: { 'x-region': pathname.slice('/region/'.length) } };
}
