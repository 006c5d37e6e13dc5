//! Camera, microphone and screen: what is opened, what there is to choose from, and why nothing is.

export type Kind = 'audio' | 'video';

/** Why there is no picture or no sound. */
export type DeviceProblem = 'insecure' | 'denied' | 'missing' | 'busy';

export interface Choice {
  id: string;
  label: string;
}

/** Opens camera and microphone; when one of them cannot be opened, the other alone. */
export async function openDevices(): Promise<{ tracks: MediaStreamTrack[]; problem?: DeviceProblem }> {
  // Browsers hide devices from pages that came over plain HTTP from elsewhere than the machine itself.
  if (navigator.mediaDevices === undefined) return { tracks: [], problem: 'insecure' };
  let problem: DeviceProblem | undefined;
  for (const constraints of [{ video: VIDEO, audio: true }, { video: VIDEO }, { audio: true }]) {
    try {
      const stream = await navigator.mediaDevices.getUserMedia(constraints);
      return { tracks: stream.getTracks(), problem };
    } catch (error) {
      problem ??= problemOf(error);
      // Asking again for less would only ask the person again.
      if (problem === 'denied') break;
    }
  }
  return { tracks: [], problem };
}

export async function choices(kind: Kind): Promise<Choice[]> {
  const devices = (await navigator.mediaDevices?.enumerateDevices()) ?? [];
  return devices
    .filter((device) => device.kind === `${kind}input` && device.deviceId !== '')
    .map(({ deviceId, label }, index) => ({
      id: deviceId,
      label: label || `${kind === 'video' ? 'Camera' : 'Microphone'} ${index + 1}`,
    }));
}

/** One device by its id. */
export async function openDevice(kind: Kind, id: string): Promise<MediaStreamTrack | undefined> {
  const deviceId = { exact: id };
  const constraints = kind === 'video' ? { video: { ...VIDEO, deviceId } } : { audio: { deviceId } };
  const stream = await navigator.mediaDevices.getUserMedia(constraints);
  return stream.getTracks()[0];
}

/** The screen, a window or a tab, as the person chooses; `undefined` when they choose none. */
export async function openScreen(): Promise<MediaStreamTrack | undefined> {
  try {
    const stream = await navigator.mediaDevices.getDisplayMedia({ video: { frameRate: 30 } });
    return stream.getVideoTracks()[0];
  } catch {
    return undefined;
  }
}

export function canShareScreen(): boolean {
  return typeof navigator.mediaDevices?.getDisplayMedia === 'function';
}

function problemOf(error: unknown): DeviceProblem {
  const name = error instanceof DOMException ? error.name : '';
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied';
  return name === 'NotReadableError' || name === 'AbortError' ? 'busy' : 'missing';
}

const VIDEO: MediaTrackConstraints = { width: { ideal: 1280 }, height: { ideal: 720 }, frameRate: { ideal: 30 } };
