import { env } from 'node:process';
import { startPlatform } from './platform.ts';

function required(name: string): string {
  const value = env[name];
  if (value === undefined || value === '') {
    console.error(`The simulated platform needs the environment variable ${name}.`);
    process.exit(1);
  }
  return value;
}

const port = Number(env['PORT'] || 3000);
if (!Number.isInteger(port) || port < 0 || port > 65_535) {
  console.error('PORT is not a port number.');
  process.exit(1);
}
const extension = {
  apiKey: required('EXTENSION_API_KEY'),
  apiSecret: required('EXTENSION_API_SECRET'),
  baseUrl: required('EXTENSION_BASE_URL'),
};

try {
  const platform = await startPlatform({ port, extension, log: (line) => console.log(line) });
  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= platform.close().then(() => process.exit(0));
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  console.log(`platform ready ${platform.origin}`);
} catch (error) {
  const taken = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
  console.error(
    taken
      ? `Port ${port} is in use: the simulated platform cannot serve there.`
      : `The simulated platform cannot listen on port ${port}.`,
  );
  process.exit(1);
}
