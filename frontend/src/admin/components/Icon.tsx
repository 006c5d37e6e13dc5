//! The few line icons of the admin. Decorative: the control around one carries the name.

const PATHS = {
  gate: 'M4 4v16M20 4v16M4 7h16M4 17h16M8 7v10M12 7v10M16 7v10',
  overview: 'M4 5h7v6H4zM13 5h7v4h-7zM13 12h7v7h-7zM4 14h7v5H4z',
  decisions: 'M12 4v16M12 6h7l-2 3 2 3h-7M12 12H5l2 3-2 3h7',
  audit: 'M6 3h9l4 4v14H6zM9 11h7M9 15h7M9 7h3',
  key: 'M15 9a4 4 0 1 0-4 4l1 1v2h2v2h2v2h3v-3l-5-5',
  cross: 'M7 7l10 10M17 7L7 17',
  skip: 'M7 12h10',
  leave: 'M14 5h4a1 1 0 0 1 1 1v12a1 1 0 0 1-1 1h-4M10 8l-4 4 4 4M6 12h9',
  sun: 'M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.6 7 7M17 17l1.4 1.4M5.6 18.4 7 17M17 7l1.4-1.4',
  moon: 'M19 14.5A7.5 7.5 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.5z',
  copy: 'M9 9h10v10H9zM5 15V5h10',
  done: 'm5 12.5 4.5 4.5L19 7.5',
  open: 'M9 5H5v14h14v-4M13 5h6v6M19 5l-9 9',
  lock: 'M6 11h12v9H6zM9 11V8a3 3 0 0 1 6 0v3',
  unlocked: 'M6 11h12v9H6zM9 11V7.5a3 3 0 0 1 5.8-1',
} as const;

export function Icon({ name, size = 18 }: { name: keyof typeof PATHS; size?: number }) {
  return (
    <svg
      width={size}
      height={size}
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth={1.7}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={PATHS[name]} />
    </svg>
  );
}
