// Runs in a process of its own: loads a bundle as Lambda does, tells its parent what was wrong with it, and ends.
const { argv } = require('node:process');

let wrong;
try {
  require(argv[2]);
} catch (error) {
  wrong = error instanceof Error ? { name: error.name, message: error.message } : { message: String(error) };
}
process.send({ wrong }, () => process.exit());
