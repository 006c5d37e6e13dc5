//! Making elements and icons without a framework.

/** A new element with properties set. */
export function element<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  properties: Partial<HTMLElementTagNameMap[Name]>,
): HTMLElementTagNameMap[Name] {
  return Object.assign(document.createElement(name), properties);
}

/** A decorative icon; the control around it carries the name. */
export function icon(name: keyof typeof PATHS): SVGSVGElement {
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
  fullscreen: 'M4 4h6v1.8H5.8V10H4zM14 4h6v6h-1.8V5.8H14zM4 14h1.8v4.2H10V20H4zM18.2 14H20v6h-6v-1.8h4.2z',
};
