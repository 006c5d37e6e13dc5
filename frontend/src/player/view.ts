//! The player's face: the picture, what lies over it, and the controls. Decides nothing about streams.

import type { Status } from './controller';
import type { Figure } from './engine';
import { element, icon, type IconName } from '../shared/dom';
import { credentialsForm, streamIdForm } from './forms';
import { messageFor } from './messages';
import type { Credentials } from '../shared/credentials';

export interface ViewEvents {
  onStreamId(streamId: string): void;
  onCredentials(credentials: Credentials): void;
  onPlayPressed(): void;
  onLive(): void;
}

export class View {
  readonly video = element('video', { className: 'picture', playsInline: true });

  private readonly veil = element('div', { className: 'veil' });
  private readonly announcement = element('div', { className: 'announcement' });
  private readonly title = element('h1', {});
  private readonly text = element('p', {});
  private readonly form = element('div', { className: 'form-slot' });
  private readonly note = element('p', { className: 'note', hidden: true });
  private readonly spinner = element('span', { className: 'spinner', hidden: true });

  private readonly bigPlay = button('big-play', 'Play', 'play');
  private readonly unmute = element('button', { className: 'unmute', type: 'button', hidden: true });
  private readonly playButton = button('control', 'Pause', 'pause');
  private readonly soundButton = button('control', 'Mute', 'sound');
  private readonly volume = element('input', { type: 'range', className: 'volume', min: '0', max: '1', step: '0.05' });
  private readonly figuresButton = button('control', 'Show figures', 'figures');
  private readonly fullscreenButton = button('control', 'Full screen', 'fullscreen');
  private readonly liveButton = element('button', { className: 'live', type: 'button', hidden: true });
  private readonly latency = element('span', { className: 'latency' });
  private readonly soundOnly = element('div', { className: 'sound-only', hidden: true });
  private readonly figures = element('dl', { className: 'figures', hidden: true });
  /** The browser allowed no sound without a hand on the page, and the viewer has not turned it on since. */
  private silenced = false;
  private hideTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly root: HTMLElement,
    private readonly events: ViewEvents,
  ) {
    this.announcement.setAttribute('role', 'status');
    this.announcement.append(this.title, this.text);
    this.spinner.setAttribute('aria-hidden', 'true');
    const card = element('div', { className: 'card' });
    card.append(this.spinner, this.announcement, this.form, this.note);
    this.veil.append(card);
    this.veil.hidden = true;
    this.bigPlay.hidden = true;

    this.unmute.append(icon('muted'), 'Turn sound on');
    this.liveButton.append(element('span', { className: 'dot' }), 'Live');
    this.liveButton.title = 'Go to the live edge (L)';
    this.volume.setAttribute('aria-label', 'Volume');
    const spacer = element('span', { className: 'spacer' });
    const bar = element('div', { className: 'bar' });
    bar.setAttribute('role', 'group');
    bar.setAttribute('aria-label', 'Player controls');
    const right = [this.soundButton, this.volume, this.figuresButton, this.fullscreenButton];
    bar.append(this.playButton, this.liveButton, this.latency, spacer, ...right);
    this.soundOnly.append(icon('sound'), 'Sound only');
    this.figures.setAttribute('aria-label', 'Figures');
    root.append(this.video, this.soundOnly, this.veil, this.bigPlay, this.unmute, this.figures, bar);
    this.listen();
    this.refresh();
  }

  /** Asks which stream to play. */
  askStreamId(): void {
    this.open('Which stream would you like to watch?', 'The address of this page names none.');
    const form = streamIdForm((streamId) => this.events.onStreamId(streamId));
    this.form.replaceChildren(form.root);
    form.focus();
  }

  /** Waits for the viewer to press play. */
  offerPlay(): void {
    this.bigPlay.hidden = false;
  }

  setNote(note: string | undefined): void {
    this.note.textContent = note ?? '';
    this.note.hidden = note === undefined;
  }

  show(status: Status, credentials: Credentials): void {
    this.root.dataset.state = status.state;
    const message = messageFor(status);
    if (message === undefined) {
      this.veil.hidden = true;
      this.form.replaceChildren();
      return;
    }
    this.bigPlay.hidden = true;
    this.unmute.hidden = true;
    this.open(message.title, message.text);
    this.spinner.hidden = !message.busy;
    if (status.state !== 'refused') {
      this.form.replaceChildren();
    } else if (this.form.childElementCount === 0) {
      const form = credentialsForm(credentials, (entered) => this.events.onCredentials(entered));
      this.form.replaceChildren(form.root);
      form.focus();
    }
  }

  /** Starts the video: with sound if wanted and allowed, else muted, else when the viewer presses play. */
  async start(mute: boolean): Promise<void> {
    if (mute) this.video.muted = true;
    try {
      await this.video.play();
    } catch (error) {
      if (!(error instanceof DOMException) || error.name !== 'NotAllowedError') return;
      this.video.muted = true;
      try {
        await this.video.play();
      } catch (again) {
        if (!(again instanceof DOMException) || again.name !== 'NotAllowedError') return;
        this.veil.hidden = true;
        this.bigPlay.hidden = false;
        return;
      }
      this.silenced = true;
    }
    this.unmute.hidden = !this.silenced;
  }

  toggle(): void {
    if (!this.video.paused) this.video.pause();
    else void this.video.play().then(() => this.events.onLive(), () => undefined);
  }

  setLive(live: boolean, latencySeconds: number | undefined): void {
    this.liveButton.hidden = !live;
    this.latency.hidden = !live || latencySeconds === undefined;
    if (latencySeconds === undefined) return;
    this.latency.textContent = `${latencySeconds.toFixed(1)} s behind`;
    this.liveButton.dataset.behind = String(latencySeconds > BEHIND_SECONDS || this.video.paused);
  }

  /** Shows what is measured, if the viewer wants to see it. */
  setFigures(technology: string | null, measured: readonly Figure[]): void {
    if (this.figures.hidden) return;
    const { video } = this;
    const { droppedVideoFrames, totalVideoFrames } = video.getVideoPlaybackQuality();
    const rows: Figure[] = [['Technology', technology ?? 'none yet']];
    if (video.videoWidth > 0) {
      rows.push(['Picture', `${video.videoWidth} × ${video.videoHeight}`]);
      rows.push(['Frames dropped', `${droppedVideoFrames} of ${totalVideoFrames}`]);
    }
    rows.push(...measured);
    this.figures.replaceChildren(
      ...rows.flatMap(([name, value]) => [element('dt', { textContent: name }), element('dd', { textContent: value })]),
    );
  }

  private open(title: string, text: string): void {
    this.veil.hidden = false;
    this.spinner.hidden = true;
    // Screen readers repeat what is set again, even unchanged.
    if (this.title.textContent !== title) this.title.textContent = title;
    if (this.text.textContent !== text) this.text.textContent = text;
  }

  private listen(): void {
    const { video } = this;
    for (const name of ['play', 'pause', 'volumechange'] as const) {
      video.addEventListener(name, () => this.refresh());
    }
    video.addEventListener('playing', () => {
      this.bigPlay.hidden = true;
    });
    for (const name of ['loadedmetadata', 'resize', 'playing', 'emptied'] as const) {
      video.addEventListener(name, () => {
        this.soundOnly.hidden = video.readyState === 0 || video.videoWidth > 0;
      });
    }
    video.addEventListener('click', () => this.toggle());
    this.bigPlay.addEventListener('click', () => {
      this.bigPlay.hidden = true;
      this.events.onPlayPressed();
    });
    this.playButton.addEventListener('click', () => this.events.onPlayPressed());
    this.soundButton.addEventListener('click', () => this.toggleSound());
    this.unmute.addEventListener('click', () => this.toggleSound());
    this.volume.addEventListener('input', () => {
      video.volume = Number(this.volume.value);
      video.muted = video.volume === 0;
    });
    this.liveButton.addEventListener('click', () => this.goLive());
    this.figuresButton.addEventListener('click', () => this.toggleFigures());
    this.fullscreenButton.addEventListener('click', () => this.toggleFullscreen());
    document.addEventListener('keydown', (event) => this.onKey(event));
    for (const name of ['pointermove', 'pointerdown', 'focusin', 'keydown']) {
      this.root.addEventListener(name, () => this.wake());
    }
    this.wake();
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target;
    if (event.ctrlKey || event.metaKey || event.altKey || target instanceof HTMLInputElement) return;
    const onButton = target instanceof HTMLButtonElement;
    const key = event.key.toLowerCase();
    if (key === 'k' || (key === ' ' && !onButton)) this.events.onPlayPressed();
    else if (key === 'm') this.toggleSound();
    else if (key === 'f') this.toggleFullscreen();
    else if (key === 'l') this.goLive();
    else if (key === 'i') this.toggleFigures();
    else return;
    event.preventDefault();
  }

  private goLive(): void {
    this.events.onLive();
    if (this.video.paused) void this.video.play().catch(() => undefined);
  }

  private toggleSound(): void {
    this.video.muted = !this.video.muted;
    if (!this.video.muted && this.video.volume === 0) this.video.volume = 1;
    this.silenced = false;
    this.unmute.hidden = true;
  }

  private toggleFigures(): void {
    this.figures.hidden = !this.figures.hidden;
    face(this.figuresButton, this.figures.hidden ? 'Show figures' : 'Hide figures', 'figures', 'I');
  }

  private toggleFullscreen(): void {
    if (document.fullscreenElement) void document.exitFullscreen();
    else void this.root.requestFullscreen?.().catch(() => undefined);
  }

  /** Shows the controls, and hides them after a while without a hand on anything. */
  private wake(): void {
    this.root.dataset.awake = 'true';
    clearTimeout(this.hideTimer);
    this.hideTimer = setTimeout(() => {
      this.root.dataset.awake = 'false';
    }, HIDE_MS);
  }

  private refresh(): void {
    const { video } = this;
    face(this.playButton, video.paused ? 'Play' : 'Pause', video.paused ? 'play' : 'pause', 'K');
    face(this.soundButton, video.muted ? 'Sound on' : 'Mute', video.muted ? 'muted' : 'sound', 'M');
    this.root.dataset.paused = String(video.paused);
    this.volume.value = String(video.muted ? 0 : video.volume);
  }
}

function button(className: string, label: string, name: IconName): HTMLButtonElement {
  const made = element('button', { className, type: 'button' });
  face(made, label, name);
  return made;
}

function face(target: HTMLButtonElement, label: string, name: IconName, key?: string): void {
  if (target.getAttribute('aria-label') === label) return;
  target.setAttribute('aria-label', label);
  target.title = key === undefined ? label : `${label} (${key})`;
  target.replaceChildren(icon(name));
}

/** Behind this, the badge offers to go to the edge. Above the usual distance of 2 s segments. */
const BEHIND_SECONDS = 12;
/** Controls fade after this long without movement. */
const HIDE_MS = 3000;
