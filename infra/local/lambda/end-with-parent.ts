// Loaded into a child process before its own program: it ends when its parent is gone, however that came about.
process.on('disconnect', () => process.exit());
process.channel?.unref();
