//! Numbers and times as people read them.

/** Bits per second, from a number or the text of a `Long`. */
export function bitrate(bitsPerSecond: number | string): string {
  const value = Number(bitsPerSecond);
  if (!Number.isFinite(value) || value <= 0) return '–';
  if (value >= 1e6) return `${(value / 1e6).toFixed(value >= 1e7 ? 1 : 2)} Mbit/s`;
  return `${Math.max(1, Math.round(value / 1e3))} kbit/s`;
}

export function bytes(count: number | string): string {
  const value = Number(count);
  if (!Number.isFinite(value) || value <= 0) return '–';
  const power = Math.min(BYTE_UNITS.length - 1, Math.floor(Math.log10(value) / 3));
  const scaled = value / 1000 ** power;
  return `${power === 0 || scaled >= 100 ? Math.round(scaled) : scaled.toFixed(1)} ${BYTE_UNITS[power]}`;
}

/** A span in its two largest units: "2 h 5 min". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** How long ago, for times of the past. */
export function since(time: string, now: number): string {
  return duration(now - Date.parse(time));
}

/** Date and time to the second, in the reader's zone. */
export function timestamp(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime())
    ? '–'
    : date.toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'medium' });
}

/** The time of day to the second, for feeds of now. */
export function clock(time: string): string {
  const date = new Date(time);
  return Number.isNaN(date.getTime()) ? '–' : date.toLocaleTimeString(undefined, { hour12: false });
}

/** A moment so many seconds from now, as the API takes times. Negative for the past. */
export function secondsFromNow(seconds: number): string {
  return new Date(Date.now() + seconds * 1000).toISOString();
}

/** The server's words as a sentence: errors of an API begin in lower case and end without a full stop. */
export function sentence(text: string): string {
  const ends = /[.!?…]$/.test(text) ? '' : '.';
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${ends}`;
}

/** "1 session", "3 sessions". */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** A protocol's usual spelling. */
export function protocolName(protocol: string): string {
  return PROTOCOL_NAMES[protocol] ?? protocol;
}

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];
const PROTOCOL_NAMES: Record<string, string> = { WEBRTC: 'WebRTC', WEB_RTC: 'WebRTC', VOD: 'VoD' };
