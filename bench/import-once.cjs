// Loads one file in this fresh process, as Lambda does, and prints what that alone cost, in microseconds of processor
// time: Node's own start is not in it. Plain JavaScript, so that nothing is loaded beforehand.
const before = process.cpuUsage();
require(process.argv[2]);
const { user, system } = process.cpuUsage(before);
process.stdout.write(String(user + system));
process.exit(0);
