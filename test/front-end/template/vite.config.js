import { defineConfig } from 'vite';

const proxyOptions = { target: `http://127.0.0.1:${process.env.BACKEND_PORT}`, changeOrigin: false, ws: false };

export default defineConfig({
  build: { outDir: 'public/dist' },
  server: {
    host: 'localhost',
    port: Number(process.env.FRONTEND_PORT),
    strictPort: true,
    allowedHosts: true,
    hmr: {
      protocol: 'ws',
      host: 'localhost',
      port: Number(process.env.HMR_PORT),
      clientPort: Number(process.env.HMR_PORT),
    },
    proxy: {
      '^/(\\?.*)?$': proxyOptions,
      '^/api(/|(\\?.*)?$)': proxyOptions,
      '^/fp(/|(\\?.*)?$)': proxyOptions,
      '^/adm(/|(\\?.*)?$)': proxyOptions,
    },
  },
});
