// Whether a picture moves and sound is heard: looked at as a viewer does, on decoded frames and samples.

import { PATIENCE_MS } from './server.js';

/**
 * Watches `selector` until it has shown `seconds` of pictures, and reports what was in them. Media that stops coming is
 * reported as far as it came.
 */
export const watch = (tab, { selector = 'video', seconds = 5, patienceMs = PATIENCE_MS } = {}) =>
  tab.evaluate(
    async ({ selector, seconds, patienceMs }) => {
      const video = document.querySelector(selector);
      if (!video) return { error: `no ${selector}` };
      video.muted = false;
      const canvas = Object.assign(document.createElement('canvas'), { width: 64, height: 36 });
      const context = canvas.getContext('2d', { willReadFrequently: true });
      const audio = new AudioContext();
      const analyser = new AnalyserNode(audio, { fftSize: 2048 });
      const samples = new Float32Array(analyser.fftSize);
      let listening;
      const seen = { seconds: 0, frames: 0, pictures: 0, loudest: 0 };
      const pictures = new Set();
      let first;

      const look = (now) => {
        first ??= now;
        seen.seconds = (now - first) / 1000;
        seen.frames += 1;
        context.drawImage(video, 0, 0, canvas.width, canvas.height);
        const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
        let sum = 0;
        for (let index = 0; index < data.length; index += 1) sum = (sum * 31 + data[index]) | 0;
        pictures.add(sum);
        seen.pictures = pictures.size;
        if (!listening) {
          const stream = video.srcObject ?? video.captureStream();
          if (stream.getAudioTracks().length > 0) {
            listening = audio.createMediaStreamSource(stream);
            listening.connect(analyser);
          }
        }
        analyser.getFloatTimeDomainData(samples);
        const power = samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length;
        seen.loudest = Math.max(seen.loudest, Math.sqrt(power));
      };

      await new Promise((resolve) => {
        const timer = setTimeout(resolve, patienceMs);
        const onFrame = (now) => {
          look(now);
          if (seen.seconds < seconds) video.requestVideoFrameCallback(onFrame);
          else {
            clearTimeout(timer);
            resolve();
          }
        };
        // An element without media forgets who asked for its frames.
        const begin = () => video.requestVideoFrameCallback(onFrame);
        if (video.readyState >= 2) begin();
        else video.addEventListener('loadeddata', begin, { once: true });
        video.play().catch(() => undefined);
      });
      await audio.close();
      return seen;
    },
    { selector, seconds, patienceMs },
  );

/** What is wrong with what was seen; empty when a picture moved and sound was heard for the whole time. */
export function faults({ error, seconds, frames, pictures, loudest }, wanted = 5) {
  if (error) return [error];
  const found = [];
  if (seconds < wanted) found.push(`pictures for ${seconds.toFixed(1)} s`);
  if (frames < wanted * 5) found.push(`${frames} frames`);
  if (pictures < wanted * 3) found.push(`${pictures} different pictures`);
  if (loudest < 0.005) found.push(`silence (${loudest.toFixed(5)})`);
  return found;
}
