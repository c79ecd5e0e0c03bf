// Imports one file in this fresh process and prints what that alone cost, in microseconds of processor time: Node's own
// start is not in it. Plain JavaScript, so that nothing is loaded beforehand.
import { pathToFileURL } from 'node:url';

const url = pathToFileURL(process.argv[2]).href;
const before = process.cpuUsage();
await import(url);
const { user, system } = process.cpuUsage(before);
process.stdout.write(String(user + system));
process.exit(0);
