//! Making elements and icons without a framework.

/** A new element with properties set. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties);
}

export type IconName = keyof typeof PATHS;

/** A decorative icon; the control around it carries the name. */
export function icon(name: IconName): SVGSVGElement {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 24 24');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS(SVG, 'path');
  path.setAttribute('d', PATHS[name]);
  svg.append(path);
  return svg;
}

const SVG = 'http://www.w3.org/2000/svg';

const PATHS = {
  play: 'M8 5.2v13.6a.8.8 0 0 0 1.2.7l10.6-6.8a.8.8 0 0 0 0-1.4L9.2 4.5A.8.8 0 0 0 8 5.2z',
  pause: 'M7 5h3.2v14H7zM13.8 5H17v14h-3.2z',
  sound:
    'M4 9.5v5h3.4L12 19V5L7.4 9.5zM14.5 8.2a5 5 0 0 1 0 7.6l1 1.2a6.6 6.6 0 0 0 0-10zM17 5.4a9 9 0 0 1 0 13.2l1 1.2a10.6 10.6 0 0 0 0-15.6z',
  muted: 'M4 9.5v5h3.4L12 19V5L7.4 9.5zM15 9.4l1.2-1.2 2.3 2.4 2.3-2.4L22 9.4 19.7 12l2.3 2.6-1.2 1.2-2.3-2.4-2.3 2.4-1.2-1.2 2.3-2.6z',
  figures: 'M4 13h3.4v7H4zM10.3 8h3.4v12h-3.4zM16.6 4H20v16h-3.4z',
  camera: 'M4.6 6h9.2c.9 0 1.6.7 1.6 1.6v2l4-2.5a.7.7 0 0 1 1.1.6v8.6a.7.7 0 0 1-1.1.6l-4-2.5v2c0 .9-.7 1.6-1.6 1.6H4.6c-.9 0-1.6-.7-1.6-1.6V7.6C3 6.7 3.7 6 4.6 6z',
  cameraOff:
    'M3.4 2.5 2.2 3.7 4.5 6C3.7 6.1 3 6.8 3 7.6v8.8c0 .9.7 1.6 1.6 1.6h9.2c.5 0 .9-.2 1.2-.5l5.3 5.3 1.2-1.2zM20.5 16.3V7.7a.7.7 0 0 0-1.1-.6l-4 2.5v-2c0-.9-.7-1.6-1.6-1.6H8.3l11.4 11.4c.4 0 .8-.3.8-1.1z',
  microphone:
    'M12 3a3 3 0 0 1 3 3v5a3 3 0 0 1-6 0V6a3 3 0 0 1 3-3zM6 11h1.8a4.2 4.2 0 0 0 8.4 0H18a6 6 0 0 1-5.1 5.9V20h2.6v1.8h-7V20h2.6v-3.1A6 6 0 0 1 6 11z',
  microphoneOff:
    'M3.4 2.5 2.2 3.7 9 10.5v.5a3 3 0 0 0 4.5 2.6l1.3 1.3A4.2 4.2 0 0 1 7.8 11H6a6 6 0 0 0 5.1 5.9V20H8.5v1.8h7V20h-2.6v-3.1a6 6 0 0 0 3.2-1.3l4.7 5.7 1.2-1.2zM15 11V6a3 3 0 0 0-5.9-.8L15 11zM18 11h-1.8c0 .6-.1 1.1-.3 1.6l1.3 1.3c.5-.9.8-1.9.8-2.9z',
  screen: 'M4 5h16v11H4zm1.8 1.8v7.4h12.4V6.8zM8 18h8v1.8H8zM12 8l3 3h-2v2.4h-2V11H9z',
  fullscreen: 'M4 4h6v1.8H5.8V10H4zM14 4h6v6h-1.8V5.8H14zM4 14h1.8v4.2H10V20H4zM18.2 14H20v6h-6v-1.8h4.2z',
};
