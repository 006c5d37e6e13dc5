//! Colours and shapes: restrained, readable in light and dark.

import { createTheme, type MantineColorsTuple } from '@mantine/core';

const sluice: MantineColorsTuple = [
  '#e6f7f4',
  '#cdeee7',
  '#9cdccf',
  '#67cab6',
  '#3eb9a1',
  '#21ad93',
  '#0f8f79',
  '#087563',
  '#045e50',
  '#01483d',
];

export const theme = createTheme({
  primaryColor: 'sluice',
  primaryShade: { light: 7, dark: 5 },
  autoContrast: true,
  colors: { sluice },
  defaultRadius: 'md',
  fontFamily: "Inter, system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', 'JetBrains Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: '640' },
  cursorType: 'pointer',
});
