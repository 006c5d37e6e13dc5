//! The publish page: joins the address, the devices, the session and the view. The only file here that touches globals.

import './publish.css';
import { signalingUrl } from '../webrtc/wire';
import { PublishSession, type PublishState } from '../webrtc/publish';
import { canShareScreen, choices, openDevice, openDevices, openScreen, type Kind } from './devices';
import { deviceMessage, messageFor } from './messages';
import { carriedOver, parseParameters, watchUrl } from './parameters';
import { View } from './view';

declare global {
  interface Window {
    /** What the page is doing, for tests and for people who ask in the console. Never holds a credential. */
    sluicePublisher: { state: PublishState['kind'] | 'preview' };
  }
}

const root = document.getElementById('publish');
if (root === null) throw new Error('the page has no #publish');

const parameters = parseParameters(location.search);
/** What is sent, and shown in the preview. */
let stream = new MediaStream();
/** The camera, while the screen is shared instead. */
let camera: MediaStreamTrack | undefined;
let sharing = false;
let session: PublishSession | undefined;
let liveSince: number | undefined;

window.sluicePublisher = { state: 'preview' };

const view = new View(root, parameters, {
  onStart: start,
  onStop: () => session?.stop(),
  onEnabled: (kind, enabled) => {
    for (const track of stream.getTracks()) if (track.kind === kind) track.enabled = enabled;
  },
  onChosen: (kind, id) => void choose(kind, id),
  onScreen: () => void (sharing ? showCamera() : shareScreen()),
  onWatchInstead: (streamId) => location.assign(carriedOver(streamId, location.href)),
  watchUrl: (streamId) => watchUrl(streamId, location.href),
});

void openPreview();
navigator.mediaDevices?.addEventListener('devicechange', () => void listDevices());
setInterval(() => void measure(), 1000);
// Closing the tab must free the stream id now, not when the server has missed us for a while.
addEventListener('pagehide', () => session?.stop());

async function openPreview(): Promise<void> {
  const { tracks, problem } = await openDevices();
  for (const track of tracks) add(track);
  view.setScreenOffered(canShareScreen());
  if (problem !== undefined) view.say(deviceMessage(problem, tracks.length > 0), 'problem');
  await listDevices();
}

async function listDevices(): Promise<void> {
  for (const kind of ['video', 'audio'] as const) {
    const used = (kind === 'video' ? camera : undefined) ?? stream.getTracks().find((track) => track.kind === kind);
    view.setChoices(kind, await choices(kind), used?.getSettings().deviceId);
  }
}

function start(): void {
  if (stream.getTracks().length === 0) return;
  view.say(undefined);
  session = new PublishSession(
    { ...parameters, ...view.entered(), url: signalingUrl(location.href) },
    stream,
    (state) => {
      window.sluicePublisher.state = state.kind;
      if (state.kind === 'live') liveSince ??= performance.now();
      if (state.kind === 'ended' || state.kind === 'refused') {
        session = undefined;
        liveSince = undefined;
        view.setFigures(undefined, undefined);
      }
      view.show(state);
      view.say(messageFor(state), state.kind === 'refused' ? 'problem' : 'news');
    },
  );
}

async function measure(): Promise<void> {
  const figures = await session?.figures();
  view.setFigures(figures, liveSince === undefined ? undefined : performance.now() - liveSince);
}

async function choose(kind: Kind, id: string): Promise<void> {
  try {
    const track = await openDevice(kind, id);
    if (track === undefined) return;
    if (kind === 'video' && sharing) {
      // The camera is for later.
      camera?.stop();
      camera = track;
    } else {
      await use(track);
    }
  } catch {
    view.say(deviceMessage('busy', true), 'problem');
    await listDevices();
  }
}

async function shareScreen(): Promise<void> {
  const track = await openScreen();
  if (track === undefined) return;
  sharing = true;
  camera = stream.getVideoTracks()[0];
  if (camera !== undefined) stream.removeTrack(camera);
  await use(track);
  // The browser has a button of its own that ends it.
  track.addEventListener('ended', () => void showCamera());
  view.setScreen(true);
}

async function showCamera(): Promise<void> {
  if (!sharing) return;
  sharing = false;
  view.setScreen(false);
  const track = camera;
  camera = undefined;
  if (track !== undefined) await use(track);
  else drop('video');
}

/** Sends and shows `track` in place of the one of its kind. */
async function use(track: MediaStreamTrack): Promise<void> {
  drop(track.kind);
  add(track);
  if (session !== undefined && !(await session.replace(track))) {
    view.say({ title: 'Not on air yet', text: 'Stop and start again: viewers get no new kind of track while you are live.' }, 'problem');
  }
}

function drop(kind: string): void {
  for (const old of stream.getTracks().filter((track) => track.kind === kind)) {
    stream.removeTrack(old);
    old.stop();
  }
  view.showPreview(stream);
}

function add(track: MediaStreamTrack): void {
  track.enabled = view.isEnabled(track.kind as Kind);
  stream = new MediaStream([...stream.getTracks(), track]);
  view.showPreview(stream);
}
