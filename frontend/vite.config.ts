import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';

const page = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The server's build expects the folder to exist in a fresh clone; the build empties it, so put the marker back. */
const keepDistFolder: Plugin = {
  name: 'keep-dist-folder',
  closeBundle: () => writeFileSync(page('dist/.gitkeep'), ''),
};

// Four pages; every one of them loads its files from /assets/ of the server that sent it, and from nowhere else.
export default defineConfig({
  base: '/',
  plugins: [react(), keepDistFolder],
  // monaco-graphql imports CommonJS parts of these; one copy of each must serve all.
  resolve: { dedupe: ['graphql', 'react', 'react-dom'] },
  worker: { format: 'es' },
  build: {
    assetsDir: 'assets',
    chunkSizeWarningLimit: 4000,
    reportCompressedSize: false,
    target: 'es2022',
    rolldownOptions: {
      onLog: (level, log, report) => {
        // GraphiQL's files carry a directive for a compiler that does not run here.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') report(level, log);
      },
      input: {
        play: page('play.html'),
        publish: page('publish.html'),
        graphiql: page('graphiql.html'),
        admin: page('admin/index.html'),
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: 'http://127.0.0.1:5080', ws: true },
      '^/[^/]+/streams/': 'http://127.0.0.1:5080',
      '^/[^/]+/websocket': { target: 'http://127.0.0.1:5080', ws: true },
    },
  },
});
