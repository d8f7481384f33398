/** What is there from the first moment. Source: ZooKeeper 3.9, `DataTree`. */
export const initialPaths: readonly string[] = [
  '/',
  '/zookeeper',
  '/zookeeper/quota',
  '/zookeeper/config',
];

/** Where the ensemble's own configuration stands: clients may read it. */
export const configPath = '/zookeeper/config';

/** Whether a path is the server's own, which nobody deletes. */
export function isSystemPath(path: string): boolean {
  return initialPaths.includes(path);
}

/** @returns the parent's path of an absolute path; of the root, the root */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash <= 0 ? '/' : path.slice(0, slash);
}

/** @returns a number as Java's `%010d` prints a signed 32-bit integer */
export function sequenceSuffix(counter: number): string {
  const signed = counter | 0;
  if (signed >= 0) return String(signed).padStart(10, '0');
  return `-${String(-signed).padStart(9, '0')}`;
}
