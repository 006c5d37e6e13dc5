//! The publish page's face: preview, choices, one button. Decides nothing about streams.

import type { Credentials } from '../shared/credentials';
import { element, icon, type IconName } from '../shared/dom';
import type { Figures } from '../webrtc/meter';
import type { PublishState } from '../webrtc/publish';
import type { Words } from '../webrtc/words';
import type { Choice, Kind } from './devices';
import { badgeFor, clock, figuresLine } from './messages';
import type { Parameters } from './parameters';

export interface ViewEvents {
  onStart(): void;
  onStop(): void;
  onEnabled(kind: Kind, enabled: boolean): void;
  onChosen(kind: Kind, id: string): void;
  onScreen(): void;
  onWatchInstead(streamId: string): void;
  watchUrl(streamId: string): string;
}

/** What is typed in the form when somebody starts. */
export interface Entered {
  streamId: string;
  credentials: Credentials;
}

export class View {
  private readonly preview = element('video', { className: 'preview', playsInline: true, muted: true, autoplay: true });
  private readonly empty = element('p', { className: 'empty', textContent: 'No picture' });
  private readonly badge = element('span', { className: 'badge', textContent: badgeFor(undefined) });
  private readonly time = element('span', { className: 'time' });
  private readonly figures = element('span', { className: 'figures' });

  private readonly switches: Record<Kind, HTMLButtonElement> = {
    audio: element('button', { type: 'button', className: 'switch' }),
    video: element('button', { type: 'button', className: 'switch' }),
  };
  private readonly screen = element('button', { type: 'button', className: 'switch', hidden: true });

  private readonly streamId = element('input', { type: 'text', name: 'streamId', required: true, autocomplete: 'off', spellcheck: false });
  private readonly devices: Record<Kind, HTMLSelectElement> = {
    video: element('select', { name: 'camera', disabled: true }),
    audio: element('select', { name: 'microphone', disabled: true }),
  };
  private readonly subscriberId = element('input', { type: 'text', name: 'subscriberId', autocomplete: 'username', spellcheck: false });
  private readonly code = element('input', { type: 'text', name: 'subscriberCode', autocomplete: 'one-time-code', inputMode: 'numeric', maxLength: 12 });
  private readonly token = element('input', { type: 'password', name: 'token', autocomplete: 'off', spellcheck: false });
  private readonly proof = element('details', { className: 'proof' });

  private readonly go = element('button', { type: 'submit', className: 'go', textContent: 'Start', disabled: true });
  private readonly news = element('div', { className: 'news' });
  private readonly watch = element('a', { className: 'watch', target: '_blank', rel: 'noopener', textContent: 'Open the player' });
  private running = false;

  constructor(
    private readonly root: HTMLElement,
    private readonly known: Parameters,
    private readonly events: ViewEvents,
  ) {
    this.streamId.value = known.streamId;
    this.subscriberId.value = known.credentials.subscriberId ?? '';
    this.code.value = known.credentials.subscriberCode ?? '';
    this.preview.setAttribute('aria-label', 'Preview of what you publish');
    this.news.setAttribute('role', 'status');
    // The property alone is no attribute, and some browsers start nothing without it.
    this.preview.setAttribute('muted', '');

    root.append(this.stage(), this.panel());
    for (const kind of ['audio', 'video'] as const) this.face(kind, true);
    faceOf(this.screen, 'Share your screen', 'screen', false);
    this.follow();
    this.listen();
  }

  /** What the person typed; a token of the address is kept unless another is typed. */
  entered(): Entered {
    return {
      streamId: this.streamId.value.trim(),
      credentials: {
        token: typed(this.token) ?? this.known.credentials.token,
        subscriberId: typed(this.subscriberId),
        subscriberCode: typed(this.code),
      },
    };
  }

  isEnabled(kind: Kind): boolean {
    return this.switches[kind].getAttribute('aria-pressed') === 'true';
  }

  showPreview(stream: MediaStream): void {
    this.preview.srcObject = stream;
    void this.preview.play().catch(() => undefined);
    const picture = stream.getVideoTracks()[0];
    this.empty.hidden = picture !== undefined;
    this.empty.textContent = stream.getAudioTracks().length > 0 ? 'Sound only' : 'No picture';
    // A camera that looks at the person is a mirror; other pictures are not.
    this.preview.dataset.mirror = String(picture?.getSettings().facingMode === 'user');
    this.switches.video.disabled = picture === undefined;
    this.switches.audio.disabled = stream.getAudioTracks().length === 0;
    this.go.disabled = !this.running && stream.getTracks().length === 0;
  }

  setChoices(kind: Kind, choices: Choice[], used: string | undefined): void {
    const select = this.devices[kind];
    select.replaceChildren(...choices.map(({ id, label }) => new Option(label, id, false, id === used)));
    select.disabled = choices.length === 0;
    if (choices.length === 0) select.append(new Option(kind === 'video' ? 'No camera' : 'No microphone'));
  }

  setScreenOffered(offered: boolean): void {
    this.screen.hidden = !offered;
  }

  setScreen(shared: boolean): void {
    faceOf(this.screen, shared ? 'Show the camera again' : 'Share your screen', 'screen', shared);
  }

  show(state: PublishState): void {
    this.running = state.kind === 'connecting' || state.kind === 'live' || state.kind === 'reconnecting';
    this.root.dataset.state = state.kind;
    this.badge.textContent = badgeFor(state);
    this.go.textContent = this.running ? 'Stop' : 'Start';
    this.go.classList.toggle('stop', this.running);
    for (const input of [this.streamId, this.subscriberId, this.code, this.token]) input.readOnly = this.running;
  }

  /** Tells something, once; `undefined` takes it back. */
  say(words: Words | undefined, tone: 'news' | 'problem' = 'news'): void {
    this.news.dataset.tone = tone;
    this.news.replaceChildren();
    if (words === undefined) return;
    this.news.append(element('strong', { textContent: words.title }), element('span', { textContent: words.text }));
    if (words.asksForCredentials !== true) return;
    this.proof.open = true;
    this.code.value = '';
    (this.subscriberId.value === '' ? this.subscriberId : this.code).focus();
  }

  setFigures(figures: Figures | undefined, liveMs: number | undefined): void {
    this.figures.textContent = figures === undefined ? '' : figuresLine(figures);
    this.time.textContent = liveMs === undefined ? '' : clock(liveMs);
  }

  private stage(): HTMLElement {
    const stage = element('section', { className: 'stage' });
    stage.setAttribute('aria-label', 'Preview');
    const over = element('div', { className: 'over' });
    over.append(this.badge, this.time, this.figures);
    const tools = element('div', { className: 'tools' });
    tools.setAttribute('role', 'group');
    tools.setAttribute('aria-label', 'Picture and sound');
    tools.append(this.switches.audio, this.switches.video, this.screen);
    stage.append(this.preview, this.empty, over, tools);
    return stage;
  }

  private panel(): HTMLElement {
    const form = element('form', { className: 'panel' });
    // Should the page's script fail, the browser must not send what was typed as a query.
    form.method = 'dialog';
    this.proof.append(
      element('summary', { textContent: 'Code or token' }),
      labelled('Subscriber id', this.subscriberId),
      labelled('Code', this.code),
      labelled('Token, if you were given one', this.token),
    );
    const instead = element('button', { type: 'button', className: 'instead', textContent: 'I came to watch' });
    instead.addEventListener('click', () => this.events.onWatchInstead(this.streamId.value.trim()));
    const links = element('p', { className: 'links' });
    links.append(this.watch, instead);
    form.append(
      element('h1', { textContent: 'Go live' }),
      this.news,
      labelled('Stream id', this.streamId),
      labelled('Camera', this.devices.video),
      labelled('Microphone', this.devices.audio),
      this.proof,
      this.go,
      links,
    );
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      if (this.running) this.events.onStop();
      else this.events.onStart();
    });
    return form;
  }

  private listen(): void {
    for (const kind of ['audio', 'video'] as const) {
      this.switches[kind].addEventListener('click', () => {
        const enabled = !this.isEnabled(kind);
        this.face(kind, enabled);
        this.events.onEnabled(kind, enabled);
      });
      this.devices[kind].addEventListener('change', () => this.events.onChosen(kind, this.devices[kind].value));
    }
    this.screen.addEventListener('click', () => this.events.onScreen());
    this.streamId.addEventListener('input', () => this.follow());
  }

  /** The link to the player names the stream that is typed. */
  private follow(): void {
    const streamId = this.streamId.value.trim();
    this.watch.hidden = streamId === '';
    this.watch.href = this.events.watchUrl(streamId);
  }

  private face(kind: Kind, enabled: boolean): void {
    if (kind === 'audio') faceOf(this.switches.audio, 'Microphone', enabled ? 'microphone' : 'microphoneOff', enabled);
    else faceOf(this.switches.video, 'Camera', enabled ? 'camera' : 'cameraOff', enabled);
  }
}

function typed(input: HTMLInputElement): string | undefined {
  return input.value.trim() || undefined;
}

function faceOf(button: HTMLButtonElement, label: string, name: IconName, pressed: boolean): void {
  button.setAttribute('aria-label', label);
  button.setAttribute('aria-pressed', String(pressed));
  button.title = label;
  button.replaceChildren(icon(name));
}

function labelled(text: string, control: HTMLElement): HTMLLabelElement {
  const label = element('label', {});
  label.append(element('span', { textContent: text }), control);
  return label;
}
